package dev.excitor.runtime.asm;

/// How much of memory the last operand of a vector instruction stands for, much as Intel's tables of "tuple types" say
/// it. It gives the size of a register in its place, and the unit of a one-byte displacement in EVEX.
enum Tuple {
    /// As much as a register, or one element for all lanes.
    FULL(1, 0),
    /// As much as a register, and no broadcast.
    FULL_MEM(1, 0),
    HALF_MEM(2, 0),
    QUARTER_MEM(4, 0),
    BYTES_2(0, 2),
    BYTES_4(0, 4),
    BYTES_8(0, 8),
    BYTES_16(0, 16),
    BYTES_32(0, 32);

    private final int divisor;
    private final int fixed;

    Tuple(int divisor, int fixed) {
        this.divisor = divisor;
        this.fixed = fixed;
    }

    /// Bytes of memory.
    ///
    /// @param bits of the instruction
    int bytes(int bits) {
        return divisor == 0 ? fixed : bits / 8 / divisor;
    }

    /// Bits of a register that stands there instead; the smallest has 128.
    ///
    /// @param bits of the instruction
    int registerBits(int bits) {
        return Math.max(128, 8 * bytes(bits));
    }

    /// Whether there is an instruction of that size: the parts of a register are smaller than it.
    boolean fits(int bits) {
        return divisor != 0 || 8 * fixed < bits;
    }
}
