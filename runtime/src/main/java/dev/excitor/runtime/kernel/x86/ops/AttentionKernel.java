package dev.excitor.runtime.kernel.x86.ops;

import static dev.excitor.runtime.asm.Gpr.R10;
import static dev.excitor.runtime.asm.Gpr.R12;
import static dev.excitor.runtime.asm.Gpr.R13;
import static dev.excitor.runtime.asm.Gpr.R14;
import static dev.excitor.runtime.asm.Gpr.R15;
import static dev.excitor.runtime.asm.Gpr.R8;
import static dev.excitor.runtime.asm.Gpr.R9;
import static dev.excitor.runtime.asm.Gpr.RBP;
import static dev.excitor.runtime.asm.Gpr.RBX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RDX;
import static dev.excitor.runtime.asm.Gpr.RSI;
import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.kv.KvLayout.PAGE;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;
import dev.excitor.runtime.kernel.x86.Sums;
import java.util.List;

/// Some queries, with all query heads that share one kv head, on their way through pages of the cache. Row r is head
/// `r % group` of query `r / group`, so that no row sees less than the one before it.
///
/// ```text
/// for each row                                 begin
///   q = scale q      max = lowest      total = 0      sums = 0
/// for each page                                R12, R10
///   for each tile of four rows                 RBX, RBP; an AttentionTile for each height
///     scores, max, weights, total, sums
/// for each row                                 end
///   out = sums / total                         or sums, max and total, for who joins them
/// ```
///
/// ```text
/// RDI  arguments       R12  entry of the table of pages        RBX  tile
/// R15  page            R10  its first position                 RBP  rows left
/// RSI  its keys        R8   keys of the page after it          RAX RCX R9 R11 R13 R14  a tile's
/// RDX  its values
/// ```
final class AttentionKernel {

    // the arguments, eight bytes each
    static final int PAGES = 0;
    static final int PAGES_END = 8;
    static final int KEYS = 16;
    static final int VALUES = 24;
    static final int START = 32;
    static final int ROWS = 40;
    static final int GROUP = 48;
    static final int SCALE = 56;
    static final int Q = 64;
    static final int Q_SKIP = 72;
    static final int LIMIT = 80;
    static final int B = 88;
    static final int B_SKIP = 96;
    static final int EXTRA = 104;
    static final int OUT = 112;
    static final int OUT_SKIP = 120;
    static final int PARTIAL = 128;

    private static final List<Gpr> SAVED = List.of(RBX, RBP, R12, R13, R14, R15);

    private final Registers registers;
    private final Assembler a;
    private final HeadShape shape;

    private AttentionKernel(HeadShape shape, Registers registers) {
        this.registers = registers;
        this.a = registers.assembler();
        this.shape = shape;
    }

    static byte[] assemble(HeadShape shape, Registers registers) {
        return new AttentionKernel(shape, registers).assemble();
    }

    private byte[] assemble() {
        SAVED.forEach(a::push);
        begin();
        pages();
        end();
        a.vzeroupper();
        SAVED.reversed().forEach(a::pop);
        a.ret();
        return a.bytes();
    }

    /// The code of a row with its place in the tile.
    @FunctionalInterface
    private interface RowCode {
        void write(int row);
    }

    /// All rows, tile by tile.
    private void rows(Runnable tileCode, RowCode rowCode) {
        Label done = new Label();
        a.lea(RBX, at(RDI, HeadShape.TILES));
        a.mov(RBP, at(RDI, ROWS));
        a.mov(RDX, at(RDI, GROUP));
        Label tile = a.here();
        tileCode.run();
        for (int row = 0; row < HeadShape.ROWS; row++) {
            rowCode.write(row);
            a.dec(RBP);
            a.jz(done);
        }
        a.add(RBX, shape.tileBytes());
        a.jmp(tile);
        a.bind(done);
    }

    /// Goes to the next head, and behind the last one of a query to the next query. RDX counts the heads.
    private void nextHead(Runnable nextQuery) {
        Label same = new Label();
        a.dec(RDX);
        a.jnz(same);
        a.mov(RDX, at(RDI, GROUP));
        nextQuery.run();
        a.bind(same);
    }

    private void begin() {
        Vec scale = registers.get(0);
        Vec zero = registers.get(1);
        Vec lowest = registers.get(2);
        Vec t = registers.get(3);
        a.vbroadcastss(scale, at(RDI, SCALE));
        Sums.clear(a, zero);
        // finite, so that scores of minus infinity get weight 0 also when they come first
        a.vmovups(lowest, a.constant(Constants.floats(-Float.MAX_VALUE)));
        a.mov(RSI, at(RDI, Q));
        a.mov(R8.lower(), at(RDI, LIMIT));
        a.mov(R9, at(RDI, B));
        a.mov(R10, at(RDI, EXTRA));
        rows(
                () -> {
                    fill(HeadShape.MAX, HeadShape.TOTAL, lowest);
                    fill(HeadShape.TOTAL, HeadShape.Q, zero);
                    fill(shape.sums(0), shape.tileBytes(), zero);
                },
                row -> {
                    a.mov(at(RBX, HeadShape.LIMIT + 4 * row), R8.lower());
                    for (int at = 0; at < shape.keyDim() * Float.BYTES; at += registers.bytes()) {
                        a.vmulps(t, scale, at(RSI, at));
                        a.vmovups(at(RBX, shape.q(row) + at), t);
                    }
                    a.add(RSI, shape.keyDim() * Float.BYTES);
                    if (shape.extraWidth() > 0) {
                        beginExtra(row);
                    }
                    nextHead(() -> {
                        a.add(RSI, at(RDI, Q_SKIP));
                        a.add(R8.lower(), 1);
                        a.add(R9, at(RDI, B_SKIP));
                        a.mov(R10, at(RDI, EXTRA));
                    });
                });
    }

    private void fill(int from, int to, Vec with) {
        for (int at = from; at < to; at += registers.bytes()) {
            a.vmovups(at(RBX, at), with);
        }
    }

    private void beginExtra(int row) {
        a.mov(R13, at(R10));
        a.mov(at(RBX, HeadShape.EXTRA + 8 * row), R13);
        a.mov(at(RBX, HeadShape.B + 8 * row), R9);
        a.add(R9, shape.extraWidth() * Float.BYTES);
        a.add(R10, Long.BYTES);
    }

    private void pages() {
        a.mov(R12, at(RDI, PAGES));
        a.mov(R10.lower(), at(RDI, START));
        Label page = a.here();
        a.mov(R15, at(R12));
        a.mov(RSI, R15);
        a.add(RSI, at(RDI, KEYS));
        a.mov(RDX, R15);
        a.add(RDX, at(RDI, VALUES));
        a.mov(R8, at(R12, Long.BYTES));
        a.add(R8, at(RDI, KEYS));
        a.lea(RBX, at(RDI, HeadShape.TILES));
        a.mov(RBP, at(RDI, ROWS));
        tiles();
        a.add(R12, Long.BYTES);
        a.add(R10.lower(), PAGE);
        a.cmp(R12, at(RDI, PAGES_END));
        a.jnz(page);
    }

    /// Tiles of four rows, and one of less.
    private void tiles() {
        Label last = new Label();
        Label two = new Label();
        Label one = new Label();
        Label done = new Label();
        Label next = a.here();
        a.cmp(RBP, HeadShape.ROWS);
        a.jl(last);
        tile(4);
        a.add(RBX, shape.tileBytes());
        a.sub(RBP, HeadShape.ROWS);
        a.jnz(next);
        a.jmp(done);
        a.bind(last);
        a.cmp(RBP, 2);
        a.jl(one);
        a.jz(two);
        tile(3);
        a.jmp(done);
        a.bind(two);
        tile(2);
        a.jmp(done);
        a.bind(one);
        tile(1);
        a.bind(done);
    }

    private void tile(int rows) {
        AttentionTile.of(a, shape, registers, rows).write();
    }

    private void end() {
        Label partial = new Label();
        Label done = new Label();
        a.mov(RSI, at(RDI, OUT));
        a.mov(R8, at(RDI, PARTIAL));
        a.test(R8, R8);
        a.jnz(partial);
        rows(() -> {}, this::finish);
        a.jmp(done);
        a.bind(partial);
        rows(() -> {}, this::leave);
        a.bind(done);
    }

    private void finish(int row) {
        Vec inverse = registers.get(0);
        Vec t = registers.get(1);
        a.vmovups(inverse, a.constant(Constants.floats(1)));
        a.vdivps(inverse, inverse, registers.all(a, at(RBX, HeadShape.TOTAL + 16 * row), t));
        for (int at = 0; at < shape.valueDim() * Float.BYTES; at += registers.bytes()) {
            a.vmulps(t, inverse, at(RBX, shape.sums(row) + at));
            a.vmovups(at(RSI, at), t);
        }
        a.add(RSI, shape.valueDim() * Float.BYTES);
        nextHead(() -> a.add(RSI, at(RDI, OUT_SKIP)));
    }

    /// Sums, the largest score and the sum of the weights.
    private void leave(int row) {
        Vec t = registers.get(0);
        int sums = shape.valueDim() * Float.BYTES;
        for (int at = 0; at < sums; at += registers.bytes()) {
            a.vmovups(t, at(RBX, shape.sums(row) + at));
            a.vmovups(at(RSI, at), t);
        }
        a.vmovss(t.x(), at(RBX, HeadShape.MAX + 16 * row));
        a.vmovss(at(RSI, sums), t.x());
        a.vmovss(t.x(), at(RBX, HeadShape.TOTAL + 16 * row));
        a.vmovss(at(RSI, sums + 4), t.x());
        a.add(RSI, sums + 8);
    }
}
