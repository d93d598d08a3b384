package dev.excitor.runtime.kernel.avx512;

import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.kernel.avx512.Listing.UPPER;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.OpMask;
import dev.excitor.runtime.asm.Vec;
import org.jspecify.annotations.Nullable;

/// Blocks of 32 weights with 16 bytes of nibbles, the low ones first, perhaps with a fifth bit each: two blocks a step.
final class Nibbles implements Unpacker {

    /// Where things are in a block, and what a nibble means.
    ///
    /// @param bytes of a block, which begins with its scale
    /// @param min   where the minimum is, -1 for none
    /// @param high  where the 32 fifth bits are, -1 for none
    /// @param low   where the nibbles are
    /// @param zero  the number that means 0
    /// @param table what each nibble means instead of itself, or null
    record Block(int bytes, int min, int high, int low, int zero, byte @Nullable [] table) {}

    static final Block Q4_0 = new Block(18, -1, -1, 2, 8, null);
    static final Block Q4_1 = new Block(20, 2, -1, 4, 0, null);
    static final Block Q5_0 = new Block(22, -1, 2, 6, 16, null);
    static final Block Q5_1 = new Block(24, 2, 4, 8, 0, null);
    static final Block IQ4_NL = new Block(18, -1, -1, 2, 0, NonLinear.table());

    private final Assembler a;
    private final Block block;
    private final Vec mask;
    private final Vec shift;
    private final @Nullable Vec bias;
    private final @Nullable Vec table;
    private final @Nullable Vec fifth;

    Nibbles(Listing k, Block block) {
        this.a = k.asm();
        this.block = block;
        this.mask = k.constantBytes(i -> 0x0f);
        this.shift = k.constantWords(i -> i / 8 % 2 == 0 ? 0 : 4);
        this.bias = block.min < 0 && block.table == null ? k.constantBytes(i -> 128 - block.zero) : null;
        byte[] values = block.table;
        this.table = values == null ? null : k.constant(values);
        this.fifth = block.high < 0 ? null : k.constantBytes(i -> 16);
    }

    @Override
    public void weights(Gpr w, int at, int step, Vec q) {
        pairOfNibbles(a, w, at + block.low, block.bytes, shift, mask, q);
        if (table != null) {
            a.vpshufb(q, table, q);
        }
        if (fifth != null) {
            a.kmovd(OpMask.K2, at(w, at + block.high));
            a.kmovd(OpMask.K3, at(w, at + block.high + block.bytes));
            a.kunpckdq(OpMask.K2, OpMask.K3, OpMask.K2);
            a.vpaddb(q.under(OpMask.K2), q, fifth);
        }
        if (bias != null) {
            a.vpaddb(q, q, bias);
        }
    }

    /// The nibbles of two runs of 16 bytes: low ones of the first, its high ones, then the second's.
    static void pairOfNibbles(Assembler a, Gpr w, int at, int distance, Vec shift, Vec mask, Vec q) {
        a.vbroadcasti32x4(q, at(w, at));
        a.vbroadcasti32x4(q.under(UPPER), at(w, at + distance));
        a.vpsrlvw(q, q, shift);
        a.vpandd(q, q, mask);
    }

    @Override
    public void scales(Gpr w, int at, int step, Vec scale) {
        pairOfHalves(a, w, at, block.bytes, scale);
    }

    @Override
    public void mins(Gpr w, int at, int step, Vec min) {
        pairOfHalves(a, w, at + block.min, block.bytes, min);
    }

    /// Two binary16 numbers, each as eight floats.
    static void pairOfHalves(Assembler a, Gpr w, int at, int distance, Vec target) {
        a.vpbroadcastw(target.y(), at(w, at));
        a.vpbroadcastw(target.y().under(UPPER), at(w, at + distance));
        a.vcvtph2ps(target, target.y());
    }
}
