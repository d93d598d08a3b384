package dev.excitor.runtime.asm;

/// A mask register, `k1` to `k7`.
public record OpMask(int index) {

    public static final OpMask K1 = new OpMask(1);
    public static final OpMask K2 = new OpMask(2);
    public static final OpMask K3 = new OpMask(3);
    public static final OpMask K4 = new OpMask(4);

    public OpMask {
        if (index < 1 || index > 7) {
            throw new IllegalArgumentException("k%d masks nothing".formatted(index));
        }
    }
}
