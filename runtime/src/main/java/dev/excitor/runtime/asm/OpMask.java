package dev.excitor.runtime.asm;

/// A mask register, `k1` to `k7`.
public record OpMask(int index) {

    public static final OpMask K1 = new OpMask(1);
    public static final OpMask K2 = new OpMask(2);
    public static final OpMask K3 = new OpMask(3);
    public static final OpMask K4 = new OpMask(4);
    public static final OpMask K5 = new OpMask(5);
    public static final OpMask K6 = new OpMask(6);
    public static final OpMask K7 = new OpMask(7);

    public OpMask {
        if (index < 1 || index > 7) {
            throw new IllegalArgumentException("k%d masks nothing".formatted(index));
        }
    }

    /// This number where the prefix of a vector instruction has that of a register.
    Vec asVec(int bits) {
        return new Vec(index, bits, 0, false);
    }
}
