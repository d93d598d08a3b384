package dev.excitor.runtime.kernel.x86.ops;

import static dev.excitor.runtime.asm.Gpr.R10;
import static dev.excitor.runtime.asm.Gpr.R11;
import static dev.excitor.runtime.asm.Gpr.R15;
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
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.Mem;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;
import dev.excitor.runtime.kernel.x86.Sums;
import java.util.function.IntFunction;

/// [AttentionTile] in 16 registers of 8 floats: scores are made for some positions of all rows at a time and wait in
/// memory, where they become weights row by row.
///
/// ```text
///             while keys or values are multiplied             while scores become weights
/// ymm 0..     sums of all rows, side by side                  0..7   one row
/// ymm ..14    a number of each row, in all lanes              8..11  its largest score and its like
/// ymm 15      a key or value                                  13..15 the exponential's
/// ```
final class NarrowAttentionTile extends AttentionTile {

    /// Registers of positions or channels that all rows meet at once, by the number of rows: eight sums at least, since
    /// a processor has as many in flight.
    private static final int[] CHUNKS = {0, 8, 4, 4, 2};

    private static final int LANES = 8;

    /// Registers of positions in a tile of keys, and in a page.
    private static final int TILE_VECTORS = TILE / LANES;

    private static final int VECTORS = PAGE / LANES;

    /// Dimensions of a turn of the loop over keys.
    private static final int STEP = 4;

    private static final Vec OPERAND = Vec.ymm(15);

    private final int chunk;

    NarrowAttentionTile(Assembler a, HeadShape shape, int rows) {
        super(a, shape, Registers.YMM, rows, CHUNKS[rows]);
        this.chunk = CHUNKS[rows];
    }

    @Override
    Vec acc(int row, int vector) {
        return Vec.ymm(chunk * row + vector);
    }

    @Override
    Vec broadcast(int row) {
        return Vec.ymm(chunk * rows + row);
    }

    @Override
    Vec value(int vector) {
        return OPERAND;
    }

    /// Where a row's scores, and then its weights, are.
    private static Mem weights(int row, int vector) {
        return at(RDI, HeadShape.WEIGHTS + Float.BYTES * (PAGE * row + LANES * vector));
    }

    @Override
    void scores() {
        int turns = VECTORS / chunk * (shape.keyDim() / STEP);
        a.mov(R9, RDX);
        for (int first = 0; first < VECTORS; first += chunk) {
            scores(first, (lines(shape.valueBytes()) + turns - 1) / turns);
        }
    }

    /// @param first register of positions
    /// @param ahead lines of values to fetch in each turn
    private void scores(int first, int ahead) {
        for (int row = 0; row < rows; row++) {
            for (int t = 0; t < chunk; t++) {
                Sums.clear(a, acc(row, t));
            }
        }
        a.mov(RAX, RSI);
        a.lea(RCX, at(RBX, HeadShape.Q));
        a.mov(R11.lower(), shape.keyDim() / STEP);
        Label next = a.here();
        for (int i = 0; i < STEP; i++) {
            int dim = i;
            multiply(
                    chunk,
                    row -> at(RCX, (row * shape.keyDim() + dim) * Float.BYTES),
                    t -> at(RAX, tiled(first + t, shape.keyDim(), dim) * vectorBytes()));
        }
        prefetch(R9, ahead);
        a.add(RAX, STEP * TILE_VECTORS * vectorBytes());
        a.add(RCX, STEP * Float.BYTES);
        a.dec(R11.lower());
        a.jnz(next);
        for (int row = 0; row < rows; row++) {
            for (int t = 0; t < chunk; t++) {
                a.vmovups(weights(row, first + t), acc(row, t));
            }
        }
    }

    /// Registers from the start of a tiled run to that of one dimension and some positions.
    private static int tiled(int vector, int width, int dim) {
        return (vector / TILE_VECTORS * width + dim) * TILE_VECTORS + vector % TILE_VECTORS;
    }

    /// Adds to the sums of each row the products of its number with some operands.
    private void multiply(int vectors, IntFunction<Mem> number, IntFunction<Mem> operand) {
        for (int row = 0; row < rows; row++) {
            a.vbroadcastss(broadcast(row), number.apply(row));
        }
        for (int v = 0; v < vectors; v++) {
            load(OPERAND, operand.apply(v));
            for (int row = 0; row < rows; row++) {
                a.vfmadd231ps(acc(row, v), OPERAND, broadcast(row));
            }
        }
    }

    @Override
    void extraScores(int row) {
        Vec number = Vec.ymm(VECTORS);
        for (int t = 0; t < VECTORS; t++) {
            a.vmovups(Vec.ymm(t), weights(row, t));
        }
        a.mov(RAX, at(RBX, HeadShape.EXTRA + 8 * row));
        a.add(RAX, R15);
        a.mov(RCX, at(RBX, HeadShape.B + 8 * row));
        a.mov(R11.lower(), shape.extraWidth());
        Label next = a.here();
        a.vbroadcastss(number, at(RCX));
        for (int t = 0; t < VECTORS; t++) {
            a.vfmadd231ps(Vec.ymm(t), number, at(RAX, tiled(t, shape.extraWidth(), 0) * Registers.YMM.bytes()));
        }
        a.add(RAX, TILE * Float.BYTES);
        a.add(RCX, Float.BYTES);
        a.dec(R11.lower());
        a.jnz(next);
        for (int t = 0; t < VECTORS; t++) {
            a.vmovups(weights(row, t), Vec.ymm(t));
        }
    }

    @Override
    void hide() {
        Vec infinite = Vec.ymm(0);
        Vec start = Vec.ymm(1);
        Vec seen = Vec.ymm(2);
        Vec choice = Vec.ymm(3);
        Vec score = Vec.ymm(4);
        a.vmovups(infinite, a.constant(Constants.floats(Float.NEGATIVE_INFINITY)));
        a.vmovd(start.x(), R10.lower());
        a.vpbroadcastd(start, start.x());
        for (int row = 0; row < rows; row++) {
            a.vpbroadcastd(seen, limit(row));
            a.vpsubd(seen, seen, start);
            for (int t = 0; t < VECTORS; t++) {
                int first = LANES * t;
                a.vpcmpgtd(choice, seen, a.constant(Constants.ints(lane -> first + lane)));
                a.vblendvps(score, infinite, weights(row, t), choice);
                a.vmovups(weights(row, t), score);
            }
        }
    }

    @Override
    void weigh() {
        for (int row = 0; row < rows; row++) {
            weigh(row);
        }
    }

    private void weigh(int row) {
        ScoreExponential exponential = new ScoreExponential(a, Registers.YMM);
        Vec max = Vec.ymm(8);
        Vec factor = Vec.ymm(9);
        Vec t = Vec.ymm(10);
        Vec total = Vec.ymm(11);
        Mem largest = at(RBX, HeadShape.MAX + 16 * row);
        for (int i = 0; i < VECTORS; i++) {
            a.vmovups(Vec.ymm(i), weights(row, i));
        }
        a.vmaxps(max, Vec.ymm(0), Vec.ymm(1));
        for (int i = 2; i < VECTORS; i++) {
            a.vmaxps(max, max, Vec.ymm(i));
        }
        LaneMax.of(a, max, t);
        a.vmaxps(max.x(), max.x(), largest);
        a.vmovups(factor.x(), largest);
        a.vmovups(largest, max.x());
        a.vbroadcastss(max, max.x());
        a.vbroadcastss(factor, factor.x());
        a.vsubps(factor, factor, max);
        exponential.of(factor);
        a.vmovss(factor(row), factor.x());
        for (int i = 0; i < VECTORS; i++) {
            a.vsubps(Vec.ymm(i), Vec.ymm(i), max);
            exponential.of(Vec.ymm(i));
            a.vmovups(weights(row, i), Vec.ymm(i));
        }
        for (int i = 0; i < VECTORS / 2; i++) {
            a.vaddps(Vec.ymm(i), Vec.ymm(i), Vec.ymm(VECTORS / 2 + i));
        }
        a.vaddps(Vec.ymm(0), Vec.ymm(0), Vec.ymm(1));
        a.vaddps(Vec.ymm(2), Vec.ymm(2), Vec.ymm(3));
        Sums.ofLanes(a, Vec.ymm(0), Vec.ymm(2));
        a.vmovss(total.x(), at(RBX, HeadShape.TOTAL + 16 * row));
        a.vfmadd213ps(total.x(), factor.x(), Vec.xmm(0));
        a.vmovss(at(RBX, HeadShape.TOTAL + 16 * row), total.x());
    }

    private static Mem factor(int row) {
        return at(RDI, HeadShape.FACTORS + Float.BYTES * row);
    }

    @Override
    void begin(int channel, int vectors) {
        for (int row = 0; row < rows; row++) {
            a.vbroadcastss(broadcast(row), factor(row));
            for (int v = 0; v < vectors; v++) {
                a.vmulps(acc(row, v), broadcast(row), sum(row, channel + v));
            }
        }
    }

    @Override
    void accumulate(int vectors) {
        multiply(vectors, row -> at(RCX, row * PAGE * Float.BYTES), v -> at(RAX, v * vectorBytes()));
    }
}
