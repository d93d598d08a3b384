package dev.excitor.runtime.kernel.avx2;

import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.kernel.avx2.Listing.T0;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Operand;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;
import dev.excitor.runtime.kernel.x86.Sums;
import org.jspecify.annotations.Nullable;

/// Blocks of 32 weights with 16 bytes of nibbles, the low ones first, perhaps with a fifth bit each.
final class Nibbles implements Unpacker {

    /// Where things are in a block, which begins with its scale, and what a nibble means.
    ///
    /// @param bytes of a block
    /// @param min   where the minimum is, -1 for none
    /// @param high  where the 32 fifth bits are, -1 for none
    /// @param low   where the nibbles are
    /// @param table what each nibble means instead of itself, or null
    record Block(int bytes, int min, int high, int low, byte @Nullable [] table) {}

    static final Block Q4_0 = new Block(18, -1, -1, 2, null);
    static final Block Q4_1 = new Block(20, 2, -1, 4, null);
    static final Block Q5_0 = new Block(22, -1, 2, 6, null);
    static final Block Q5_1 = new Block(24, 2, 4, 8, null);
    static final Block IQ4_NL = new Block(18, -1, -1, 2, NonLinear.table());

    private final Listing k;
    private final Assembler a;
    private final Block block;
    private final @Nullable Vec table;
    private final Operand shift;
    private final Operand mask;

    Nibbles(Listing k, Block block) {
        this.k = k;
        this.a = k.asm();
        this.block = block;
        byte[] values = block.table;
        this.table = values == null ? null : k.register(values);
        this.shift = shift(k);
        this.mask = k.constant(Constants.bytes(i -> 0x0f));
    }

    @Override
    public void weights(Gpr w, int at, int step, Vec q) {
        spread(a, w, at + block.low, shift, mask, q);
        if (table != null) {
            a.vpshufb(q, table, q);
        }
        if (block.high >= 0) {
            fifthBits(w, at + block.high, q);
        }
    }

    /// What the upper half of a register has to be shifted by to show the high nibbles of bytes.
    static Operand shift(Listing k) {
        return k.constant(Constants.ints(i -> i < 4 ? 0 : 4));
    }

    /// The nibbles of 16 bytes: all low ones, then all high ones.
    static void spread(Assembler a, Gpr w, int at, Operand shift, Operand mask, Vec q) {
        a.vbroadcasti128(q, at(w, at));
        a.vpsrlvd(q, q, shift);
        a.vpand(q, q, mask);
    }

    /// Adds 16 where a bit of the word in memory is set: each byte sees the byte with its bit and keeps that alone.
    private void fifthBits(Gpr w, int at, Vec q) {
        Operand bits = k.memory(Constants.bytes(i -> 1 << i % 8));
        a.vpbroadcastd(T0, at(w, at));
        a.vpshufb(T0, T0, k.memory(Constants.bytes(i -> i / 8)));
        a.vpand(T0, T0, bits);
        a.vpcmpeqb(T0, T0, bits);
        a.vpand(T0, T0, k.memory(Constants.bytes(i -> 16)));
        a.vpor(q, q, T0);
    }

    @Override
    public void scales(Gpr w, int at, int step, Vec scale) {
        Halves.load(a, w, at, scale);
    }

    @Override
    public void mins(Gpr w, int at, int step, Vec min) {
        Halves.load(a, w, at + block.min, min);
    }

    @Override
    public Vec octetScales(Gpr w, int at, int steps, Vec scale) {
        Halves.gather(a, w, at, block.bytes, steps, scale);
        return scale;
    }

    @Override
    public void pairs(Gpr w, int at, int first, int steps, Vec[] q) {
        for (int pair = 0; pair < 2; pair++) {
            Vec low = q[2 * pair];
            Vec high = q[2 * pair + 1];
            int one = first + pair;
            int other = one + Q8Octets.PAIR;
            if (one >= steps) {
                Sums.clear(a, low);
                Sums.clear(a, high);
                continue;
            }
            a.vmovups(low.x(), at(w, at + one * block.bytes + block.low));
            if (other < steps) {
                a.vinserti128(low, low, at(w, at + other * block.bytes + block.low), 1);
            }
            a.vpsrlw(high, low, 4);
            a.vpand(high, high, mask);
            a.vpand(low, low, mask);
        }
    }

    @Override
    public Vec octetMins(Gpr w, int at, int steps, int part, Vec min) {
        Halves.gather(a, w, at + block.min, block.bytes, steps, min);
        return min;
    }
}
