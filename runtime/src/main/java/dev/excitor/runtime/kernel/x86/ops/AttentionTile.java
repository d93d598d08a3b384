package dev.excitor.runtime.kernel.x86.ops;

import static dev.excitor.runtime.asm.Gpr.R10;
import static dev.excitor.runtime.asm.Gpr.R11;
import static dev.excitor.runtime.asm.Gpr.R13;
import static dev.excitor.runtime.asm.Gpr.R14;
import static dev.excitor.runtime.asm.Gpr.R8;
import static dev.excitor.runtime.asm.Gpr.R9;
import static dev.excitor.runtime.asm.Gpr.RAX;
import static dev.excitor.runtime.asm.Gpr.RBX;
import static dev.excitor.runtime.asm.Gpr.RCX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RDX;
import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.kv.KvLayout.PAGE;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.Mem;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kv.KvLayout;

/// One to four rows meet one page, see [AttentionKernel]:
///
/// ```text
/// s[r][t]   = sum over i of q[r][i] k[t][i]
/// s[r][t]   = -inf where row r does not look          only in pages that not all rows see to the end
/// max'      = the largest of max and s
/// factor    = e^(max - max')      w = e^(s - max')      total = factor total + sum of w
/// acc[r][v] = factor sums[r][v] + sum over j of w[r][j] v[j][v]      some channels at a time
/// ```
///
/// What is infinite or no number at a position that a row does not see must not reach it, not even as 0 times infinity:
/// the last sum runs over the positions that all rows see, and then over what each row sees beyond.
///
/// While keys are read the page's values are fetched, and while values are read the next page's keys. R14 keeps how
/// many positions of the page all rows see; RAX, RCX, R9, R11 and R13 are lost.
abstract class AttentionTile {

    final Assembler a;
    final HeadShape shape;
    final int rows;
    private final Registers registers;
    private final int channels;

    /// Registers of channels that are summed at once.
    private final int chunk;

    AttentionTile(Assembler a, HeadShape shape, Registers registers, int rows, int chunk) {
        this.a = a;
        this.shape = shape;
        this.rows = rows;
        this.registers = registers;
        this.chunk = chunk;
        this.channels = shape.valueDim() / registers.lanes();
    }

    static AttentionTile of(Assembler a, HeadShape shape, Registers registers, int rows) {
        return registers.isWide() ? new WideAttentionTile(a, shape, rows) : new NarrowAttentionTile(a, shape, rows);
    }

    final void write() {
        Label unseen = new Label();
        a.mov(RAX.lower(), limit(rows - 1));
        a.sub(RAX.lower(), R10.lower());
        a.cmp(RAX.lower(), 1);
        a.jl(unseen);
        scores();
        for (int row = 0; row < rows && shape.extraWidth() > 0; row++) {
            extraScores(row);
        }
        mask();
        weigh();
        for (int channel = 0; channel < channels; channel += chunk) {
            sums(channel, Math.min(chunk, channels - channel));
        }
        a.bind(unseen);
    }

    /// Products with the keys, which RSI points to.
    abstract void scores();

    /// Adds `<b, c>`; rows differ in their heads' extra vectors, so that each reads its own.
    abstract void extraScores(int row);

    /// Hides from each row the positions of a page that it does not see; called where not all see it to the end, and
    /// with R10 at the page's first position.
    abstract void hide();

    /// Turns scores into weights, in memory, and leaves the factor of what has been summed before.
    abstract void weigh();

    /// Begins the sums of some registers of channels with those of the pages before.
    abstract void begin(int channel, int vectors);

    /// Adds one position, whose values RAX points to and whose weights RCX does.
    abstract void accumulate(int vectors);

    abstract Vec acc(int row, int vector);

    /// What belongs to a row, in all lanes.
    abstract Vec broadcast(int row);

    /// A register of values.
    abstract Vec value(int vector);

    static Mem limit(int row) {
        return at(RBX, HeadShape.LIMIT + 4 * row);
    }

    final void load(Vec target, Mem source) {
        if (shape.type() == KvLayout.Type.F32) {
            a.vmovups(target, source);
        } else {
            a.vcvtph2ps(target, source);
        }
    }

    /// Bytes of a stored register.
    final int vectorBytes() {
        return registers.lanes() * shape.bytes();
    }

    final Mem sum(int row, int vector) {
        return at(RBX, shape.sums(row) + registers.bytes() * vector);
    }

    final void prefetch(Gpr from, int lines) {
        for (int line = 0; line < lines; line++) {
            a.prefetcht0(at(from, 64 * line));
        }
        a.add(from, 64 * lines);
    }

    static int lines(int bytes) {
        return (bytes + 63) / 64;
    }

    /// Leaves in R14 how many positions of the page all rows see.
    private void mask() {
        Label all = new Label();
        Label some = new Label();
        a.mov(R14.lower(), limit(0));
        a.sub(R14.lower(), R10.lower());
        a.cmp(R14.lower(), PAGE);
        a.jge(all);
        hide();
        a.cmp(R14.lower(), 0);
        a.jge(some);
        a.xor(R14.lower(), R14.lower());
        a.jmp(some);
        a.bind(all);
        a.mov(R14.lower(), PAGE);
        a.bind(some);
    }

    /// Some channels of the weighted sum of values.
    ///
    /// @param channel the first one, in registers
    private void sums(int channel, int vectors) {
        begin(channel, vectors);
        a.lea(RAX, at(RDX, channel * vectorBytes()));
        a.lea(RCX, at(RDI, HeadShape.WEIGHTS));
        Label shared = new Label();
        a.mov(R11.lower(), R14.lower());
        a.test(R11.lower(), R11.lower());
        a.jz(shared);
        a.mov(R9, R8);
        Label next = a.here();
        accumulate(vectors);
        if (channel == 0) {
            prefetch(R9, lines(shape.keyBytes() / PAGE));
        }
        nextPosition(RAX, RCX, next);
        a.bind(shared);
        if (rows > 1) {
            Label level = new Label();
            a.cmp(R14.lower(), PAGE);
            a.jz(level);
            for (int row = 1; row < rows; row++) {
                sumsBeyond(row, vectors);
            }
            a.bind(level);
        }
        for (int row = 0; row < rows; row++) {
            for (int v = 0; v < vectors; v++) {
                a.vmovups(sum(row, channel + v), acc(row, v));
            }
        }
    }

    /// What one row sees beyond the positions that all see; RAX and RCX are there.
    private void sumsBeyond(int row, int vectors) {
        Label bounded = new Label();
        Label done = new Label();
        a.mov(R11.lower(), limit(row));
        a.sub(R11.lower(), R10.lower());
        a.cmp(R11.lower(), PAGE);
        a.jl(bounded);
        a.mov(R11.lower(), PAGE);
        a.bind(bounded);
        a.sub(R11.lower(), R14.lower());
        a.cmp(R11.lower(), 1);
        a.jl(done);
        a.mov(R9, RAX);
        a.mov(R13, RCX);
        Label next = a.here();
        a.vbroadcastss(broadcast(row), at(R13, row * PAGE * Float.BYTES));
        for (int v = 0; v < vectors; v++) {
            load(value(v), at(R9, v * vectorBytes()));
            a.vfmadd231ps(acc(row, v), value(v), broadcast(row));
        }
        nextPosition(R9, R13, next);
        a.bind(done);
    }

    private void nextPosition(Gpr values, Gpr weights, Label next) {
        a.add(values, shape.valueDim() * shape.bytes());
        a.add(weights, Float.BYTES);
        a.dec(R11.lower());
        a.jnz(next);
    }
}
