package dev.excitor.runtime.asm;

/// A general purpose register.
///
/// @param index 0 to 15, as the instruction encodes it
/// @param bits  64, or 32 for its lower half, which clears the upper half when it is written
public record Gpr(int index, int bits) {

    public static final Gpr RAX = new Gpr(0, 64);
    public static final Gpr RCX = new Gpr(1, 64);
    public static final Gpr RDX = new Gpr(2, 64);
    public static final Gpr RBX = new Gpr(3, 64);
    public static final Gpr RSP = new Gpr(4, 64);
    public static final Gpr RBP = new Gpr(5, 64);
    public static final Gpr RSI = new Gpr(6, 64);
    public static final Gpr RDI = new Gpr(7, 64);
    public static final Gpr R8 = new Gpr(8, 64);
    public static final Gpr R9 = new Gpr(9, 64);
    public static final Gpr R10 = new Gpr(10, 64);
    public static final Gpr R11 = new Gpr(11, 64);
    public static final Gpr R12 = new Gpr(12, 64);
    public static final Gpr R13 = new Gpr(13, 64);
    public static final Gpr R14 = new Gpr(14, 64);
    public static final Gpr R15 = new Gpr(15, 64);

    public Gpr {
        if (index < 0 || index > 15 || (bits != 32 && bits != 64)) {
            throw new IllegalArgumentException("there is no register %d of %d bits".formatted(index, bits));
        }
    }

    /// The lower half: `eax` of `rax`.
    public Gpr lower() {
        return new Gpr(index, 32);
    }

    /// This number where the prefix of a vector instruction has that of a register.
    Vec asVec() {
        return Vec.xmm(index);
    }
}
