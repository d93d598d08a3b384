package dev.excitor.runtime.asm;

import org.jspecify.annotations.Nullable;

/// A place in memory, `[base + index * scale + displacement]`, or a constant that stands behind the code.
///
/// @param base      a 64-bit register; null for a constant
/// @param index     a 64-bit register other than `rsp`, or null
/// @param scale     1, 2, 4 or 8
/// @param disp      bytes added
/// @param broadcast whether one element there stands for all, `{1to16}`
/// @param constant  where the constant is, or null
public record Mem(
        @Nullable Gpr base,
        @Nullable Gpr index,
        int scale,
        int disp,
        boolean broadcast,
        @Nullable Label constant) implements Operand {

    public Mem {
        if ((base == null) == (constant == null)
                || (base != null && base.bits() != 64)
                || (index != null && (index.bits() != 64 || index.index() == 4 || constant != null))
                || (constant != null && disp != 0)
                || Integer.bitCount(scale) != 1
                || scale < 1
                || scale > 8) {
            throw new IllegalArgumentException("this address cannot be encoded");
        }
    }

    public static Mem at(Gpr base) {
        return at(base, 0);
    }

    public static Mem at(Gpr base, int disp) {
        return new Mem(base, null, 1, disp, false, null);
    }

    public static Mem at(Gpr base, Gpr index, int scale, int disp) {
        return new Mem(base, index, scale, disp, false, null);
    }

    static Mem constant(Label place) {
        return new Mem(null, null, 1, 0, false, place);
    }

    /// The same place some bytes further; not for constants, which are referred to from their start.
    public Mem plus(int bytes) {
        return new Mem(base, index, scale, Math.addExact(disp, bytes), broadcast, constant);
    }

    /// One element there, of the instruction's size, for all lanes.
    public Mem toAll() {
        return new Mem(base, index, scale, disp, true, constant);
    }
}
