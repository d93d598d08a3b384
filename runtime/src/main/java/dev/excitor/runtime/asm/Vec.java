package dev.excitor.runtime.asm;

/// A vector register, with the mask it is written under.
///
/// @param index   0 to 31
/// @param bits    128, 256 or 512
/// @param mask    the number of the mask register, 0 for none
/// @param zeroing whether elements that the mask leaves out become zero instead of staying
public record Vec(int index, int bits, int mask, boolean zeroing) implements Operand {

    public Vec {
        if (index < 0 || index > 31 || (bits != 128 && bits != 256 && bits != 512)) {
            throw new IllegalArgumentException("there is no vector register %d of %d bits".formatted(index, bits));
        }
        if (mask < 0 || mask > 7 || (zeroing && mask == 0)) {
            throw new IllegalArgumentException("there is no such mask");
        }
    }

    public static Vec xmm(int index) {
        return new Vec(index, 128, 0, false);
    }

    public static Vec ymm(int index) {
        return new Vec(index, 256, 0, false);
    }

    public static Vec zmm(int index) {
        return new Vec(index, 512, 0, false);
    }

    /// The lowest 128 bits of this register.
    public Vec x() {
        return xmm(index);
    }

    /// The lowest 256 bits of this register.
    public Vec y() {
        return ymm(index);
    }

    /// All 512 bits of this register.
    public Vec z() {
        return zmm(index);
    }

    /// This register written under a mask; other elements stay as they are.
    public Vec under(OpMask k) {
        return new Vec(index, bits, k.index(), false);
    }

    /// This register written under its mask; other elements become zero.
    public Vec orZero() {
        return new Vec(index, bits, mask, true);
    }

    Vec unmasked() {
        return new Vec(index, bits, 0, false);
    }

    /// The same number and mask at another size, as the prefix sees it.
    Vec resized(int newBits) {
        return new Vec(index, newBits, mask, zeroing);
    }

    /// Bytes of the register.
    public int bytes() {
        return bits / 8;
    }
}
