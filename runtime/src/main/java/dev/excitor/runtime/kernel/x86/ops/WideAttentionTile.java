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
import dev.excitor.runtime.asm.OpMask;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;

/// [AttentionTile] in 32 registers of 16 floats: all scores of four rows stay in registers, row r's largest score and
/// its like in quarter r of one.
///
/// ```text
/// zmm 0..15   scores, sums    4 rows x 64 positions or channels       zmm 21  factor
/// zmm 16..19  keys, values, rows being folded                         zmm 20  a number of all lanes
/// zmm 22..31  constants of the exponential; factors of each row while values are summed
/// ```
final class WideAttentionTile extends AttentionTile {

    private static final int VECTORS = PAGE / TILE;

    /// Dimensions of a turn of the loop over keys.
    private static final int STEP = 2;

    private static final Vec BROADCAST = Vec.zmm(20);
    private static final Vec FACTOR = Vec.zmm(21);

    private static final int LESS_OR_EQUAL = 2;

    WideAttentionTile(Assembler a, HeadShape shape, int rows) {
        super(a, shape, Registers.ZMM, rows, VECTORS);
    }

    @Override
    Vec acc(int row, int vector) {
        return Vec.zmm(VECTORS * row + vector);
    }

    @Override
    Vec broadcast(int row) {
        return BROADCAST;
    }

    @Override
    Vec value(int vector) {
        return operand(vector);
    }

    /// A key, a value, or what belongs to a row.
    private static Vec operand(int i) {
        return Vec.zmm(16 + i);
    }

    @Override
    void scores() {
        for (int row = 0; row < rows; row++) {
            for (int t = 0; t < VECTORS; t++) {
                a.vpxord(acc(row, t), acc(row, t), acc(row, t));
            }
        }
        int vector = vectorBytes();
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

    @Override
    void extraScores(int row) {
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

    @Override
    void hide() {
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
    }

    @Override
    void weigh() {
        ScoreExponential exponential = new ScoreExponential(a, Registers.ZMM);
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

    @Override
    void begin(int channel, int vectors) {
        for (int row = 0; row < rows; row++) {
            for (int v = 0; v < vectors; v++) {
                a.vmulps(acc(row, v), factor(row), sum(row, channel + v));
            }
        }
    }

    @Override
    void accumulate(int vectors) {
        for (int v = 0; v < vectors; v++) {
            load(operand(v), at(RAX, v * vectorBytes()));
        }
        for (int row = 0; row < rows; row++) {
            a.vbroadcastss(BROADCAST, at(RCX, row * PAGE * Float.BYTES));
            for (int v = 0; v < vectors; v++) {
                a.vfmadd231ps(acc(row, v), operand(v), BROADCAST);
            }
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
}
