package dev.excitor.runtime.kernel.x86.ops;

import static dev.excitor.runtime.asm.Gpr.R10;
import static dev.excitor.runtime.asm.Gpr.R11;
import static dev.excitor.runtime.asm.Gpr.R13;
import static dev.excitor.runtime.asm.Gpr.R14;
import static dev.excitor.runtime.asm.Gpr.R15;
import static dev.excitor.runtime.asm.Gpr.R8;
import static dev.excitor.runtime.asm.Gpr.R9;
import static dev.excitor.runtime.asm.Gpr.RAX;
import static dev.excitor.runtime.asm.Gpr.RBX;
import static dev.excitor.runtime.asm.Gpr.RCX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RDX;
import static dev.excitor.runtime.asm.Gpr.RSI;
import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.kv.KvLayout.PAGE;
import static dev.excitor.runtime.kv.KvLayout.TILE;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.Mem;
import dev.excitor.runtime.asm.OpMask;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;
import dev.excitor.runtime.kv.KvLayout;

/// One to four rows meet one page, see [AttentionKernel]:
///
/// ```text
/// acc[r][t] = sum over i of q[r][i] k[t][i]          4 rows x 64 positions, 16 of them in a register
/// acc[r][t] = -inf where row r does not look          only in pages that not all rows see to the end
/// max'      = the largest of max and acc              row r in quarter r of a register
/// factor    = e^(max - max')      acc = e^(acc - max')      total = factor total + sum of acc
/// acc[r][v] = factor sums[r][v] + sum over j of w[r][j] v[j][v]      4 rows x 64 channels
/// ```
///
/// What is infinite or no number at a position that a row does not see must not reach it, not even as 0 times infinity:
/// the last sum runs over the positions that all rows see, and then over what each row sees beyond.
///
/// While keys are read the page's values are fetched, and while values are read the next page's keys.
///
/// ```text
/// zmm 0..15   acc             zmm 16..19  keys, values, rows being folded       zmm 21  factor
/// zmm 22..31  constants of the exponential; factors of each row while values are summed
/// ```
final class AttentionTile {

    private static final int VECTORS = PAGE / TILE;

    /// Dimensions of a turn of the loop over keys.
    private static final int STEP = 2;

    private static final Vec BROADCAST = Vec.zmm(20);
    private static final Vec FACTOR = Vec.zmm(21);

    private static final int LESS_OR_EQUAL = 2;

    private final Assembler a;
    private final HeadShape shape;
    private final int rows;
    private final int channels;

    AttentionTile(Assembler a, HeadShape shape, int rows) {
        this.a = a;
        this.shape = shape;
        this.rows = rows;
        this.channels = shape.valueDim() / TILE;
    }

    void write() {
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
        for (int channel = 0; channel < channels; channel += VECTORS) {
            sums(channel, Math.min(VECTORS, channels - channel));
        }
        a.bind(unseen);
    }

    private static Mem limit(int row) {
        return at(RBX, HeadShape.LIMIT + 4 * row);
    }

    private static Vec acc(int row, int vector) {
        return Vec.zmm(VECTORS * row + vector);
    }

    /// A key, a value, or what belongs to a row.
    private static Vec operand(int i) {
        return Vec.zmm(16 + i);
    }

    private void load(Vec target, Mem source) {
        if (shape.type() == KvLayout.Type.F32) {
            a.vmovups(target, source);
        } else {
            a.vcvtph2ps(target, source);
        }
    }

    private void prefetch(Gpr from, int lines) {
        for (int line = 0; line < lines; line++) {
            a.prefetcht0(at(from, 64 * line));
        }
        a.add(from, 64 * lines);
    }

    private static int lines(int bytes) {
        return (bytes + 63) / 64;
    }

    private void scores() {
        for (int row = 0; row < rows; row++) {
            for (int t = 0; t < VECTORS; t++) {
                a.vpxord(acc(row, t), acc(row, t), acc(row, t));
            }
        }
        int vector = TILE * shape.bytes();
        a.mov(RAX, RSI);
        a.lea(RCX, at(RBX, HeadShape.Q));
        a.mov(R9, RDX);
        a.mov(R11.lower(), shape.keyDim() / STEP);
        Label next = a.here();
        for (int i = 0; i < STEP; i++) {
            for (int t = 0; t < VECTORS; t++) {
                load(operand(t), at(RAX, (t * shape.keyDim() + i) * vector));
            }
            for (int row = 0; row < rows; row++) {
                a.vbroadcastss(BROADCAST, at(RCX, (row * shape.keyDim() + i) * Float.BYTES));
                for (int t = 0; t < VECTORS; t++) {
                    a.vfmadd231ps(acc(row, t), operand(t), BROADCAST);
                }
            }
        }
        prefetch(R9, lines(STEP * shape.valueBytes() / shape.keyDim()));
        a.add(RAX, STEP * vector);
        a.add(RCX, STEP * Float.BYTES);
        a.dec(R11.lower());
        a.jnz(next);
    }

    /// Adds `<b, c>`; rows differ in their heads' extra vectors, so that each reads its own.
    private void extraScores(int row) {
        int vector = TILE * Float.BYTES;
        a.mov(RAX, at(RBX, HeadShape.EXTRA + 8 * row));
        a.add(RAX, R15);
        a.mov(RCX, at(RBX, HeadShape.B + 8 * row));
        a.mov(R11.lower(), shape.extraWidth());
        Label next = a.here();
        a.vbroadcastss(BROADCAST, at(RCX));
        for (int t = 0; t < VECTORS; t++) {
            a.vfmadd231ps(acc(row, t), BROADCAST, at(RAX, t * shape.extraWidth() * vector));
        }
        a.add(RAX, vector);
        a.add(RCX, Float.BYTES);
        a.dec(R11.lower());
        a.jnz(next);
    }

    /// Leaves in R14 how many positions of the page all rows see.
    private void mask() {
        Label all = new Label();
        Label some = new Label();
        a.mov(R14.lower(), limit(0));
        a.sub(R14.lower(), R10.lower());
        a.cmp(R14.lower(), PAGE);
        a.jge(all);
        Vec infinite = operand(0);
        Vec start = operand(1);
        Vec seen = operand(2);
        a.vmovups(infinite, a.constant(Constants.floats(Float.NEGATIVE_INFINITY)));
        a.vmovd(start.x(), R10.lower());
        a.vpbroadcastd(start, start.x());
        for (int row = 0; row < rows; row++) {
            a.vpbroadcastd(seen, limit(row));
            a.vpsubd(seen, seen, start);
            for (int t = 0; t < VECTORS; t++) {
                int first = TILE * t;
                a.vpcmpd(OpMask.K1, seen, a.constant(Constants.ints(lane -> first + lane)), LESS_OR_EQUAL);
                a.vmovaps(acc(row, t).under(OpMask.K1), infinite);
            }
        }
        a.cmp(R14.lower(), 0);
        a.jge(some);
        a.xor(R14.lower(), R14.lower());
        a.jmp(some);
        a.bind(all);
        a.mov(R14.lower(), PAGE);
        a.bind(some);
    }

    /// Turns scores into weights, in memory, and leaves the factor of what has been summed before.
    private void weigh() {
        ScoreExponential exponential = new ScoreExponential(a);
        Vec max = operand(0);
        fold(a::vmaxps);
        a.vmovups(FACTOR, at(RBX, HeadShape.MAX));
        a.vmaxps(max, max, FACTOR);
        a.vmovups(at(RBX, HeadShape.MAX), max);
        a.vsubps(FACTOR, FACTOR, max);
        for (int row = 0; row < rows; row++) {
            a.vshufi32x4(BROADCAST, max, max, row * 0b01_01_01_01);
            for (int t = 0; t < VECTORS; t++) {
                a.vsubps(acc(row, t), acc(row, t), BROADCAST);
            }
        }
        exponential.load();
        exponential.of(FACTOR);
        for (int row = 0; row < rows; row++) {
            for (int t = 0; t < VECTORS; t++) {
                exponential.of(acc(row, t));
                a.vmovups(at(RDI, HeadShape.WEIGHTS + 4 * (PAGE * row + TILE * t)), acc(row, t));
            }
        }
        fold(a::vaddps);
        Vec total = BROADCAST;
        a.vmovups(total, at(RBX, HeadShape.TOTAL));
        a.vfmadd213ps(total, FACTOR, operand(0));
        a.vmovups(at(RBX, HeadShape.TOTAL), total);
        for (int row = 0; row < rows; row++) {
            a.vshufi32x4(factor(row), FACTOR, FACTOR, row * 0b01_01_01_01);
        }
    }

    private static Vec factor(int row) {
        return Vec.zmm(24 + row);
    }

    /// An instruction that makes one number of two.
    @FunctionalInterface
    private interface Fold {
        void write(Vec d, Vec a, Vec b);
    }

    /// All 64 numbers of row r, in a fixed order, into each lane of quarter r of the first operand. Missing rows are
    /// whatever is there already.
    private void fold(Fold fold) {
        Vec t = Vec.zmm(22);
        for (int row = 0; row < rows; row++) {
            fold.write(operand(row), acc(row, 0), acc(row, 1));
            fold.write(t, acc(row, 2), acc(row, 3));
            fold.write(operand(row), operand(row), t);
        }
        Vec first = operand(0);
        Vec third = operand(rows > 2 ? 2 : 0);
        foldPair(fold, first, operand(Math.min(1, rows - 1)), 0b01_00_01_00, 0b11_10_11_10);
        if (rows > 2) {
            foldPair(fold, third, operand(rows - 1), 0b01_00_01_00, 0b11_10_11_10);
        }
        foldPair(fold, first, third, 0b10_00_10_00, 0b11_01_11_01);
        a.vpshufd(t, first, 0b01_00_11_10);
        fold.write(first, first, t);
        a.vpshufd(t, first, 0b10_11_00_01);
        fold.write(first, first, t);
    }

    /// The named quarters of two registers with each other.
    private void foldPair(Fold fold, Vec first, Vec second, int some, int others) {
        Vec t = Vec.zmm(22);
        Vec u = Vec.zmm(23);
        a.vshufi32x4(t, first, second, some);
        a.vshufi32x4(u, first, second, others);
        fold.write(first, t, u);
    }

    /// Up to 64 channels of the weighted sum of values.
    ///
    /// @param channel the first one, in registers of 16
    private void sums(int channel, int vectors) {
        for (int row = 0; row < rows; row++) {
            for (int v = 0; v < vectors; v++) {
                a.vmulps(acc(row, v), factor(row), sum(row, channel + v));
            }
        }
        a.lea(RAX, at(RDX, channel * TILE * shape.bytes()));
        a.lea(RCX, at(RDI, HeadShape.WEIGHTS));
        Label shared = new Label();
        a.mov(R11.lower(), R14.lower());
        a.test(R11.lower(), R11.lower());
        a.jz(shared);
        a.mov(R9, R8);
        Label next = a.here();
        for (int v = 0; v < vectors; v++) {
            load(operand(v), at(RAX, v * TILE * shape.bytes()));
        }
        for (int row = 0; row < rows; row++) {
            a.vbroadcastss(BROADCAST, at(RCX, row * PAGE * Float.BYTES));
            for (int v = 0; v < vectors; v++) {
                a.vfmadd231ps(acc(row, v), operand(v), BROADCAST);
            }
        }
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
        a.vbroadcastss(BROADCAST, at(R13, row * PAGE * Float.BYTES));
        for (int v = 0; v < vectors; v++) {
            load(operand(v), at(R9, v * TILE * shape.bytes()));
            a.vfmadd231ps(acc(row, v), operand(v), BROADCAST);
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

    private Mem sum(int row, int vector) {
        return at(RBX, shape.sums(row) + 64 * vector);
    }
}
