package dev.excitor.runtime.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.format.Blocks;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Native rows of numbers as operations get them.
final class Buffers {

    /// Bytes behind an output that must stay as they are: a whole vector of the largest width.
    private static final int SLACK = 64;

    private static final byte CANARY = 0x5a;

    private Buffers() {}

    /// Exactly these numbers: a read behind them throws.
    static MemorySegment input(Arena arena, float[] numbers) {
        MemorySegment segment = arena.allocate(4L * numbers.length, 64);
        Blocks.copyF32(numbers, 0, segment, 0, numbers.length);
        return segment;
    }

    /// The same at an address that is a multiple of nothing, as a tensor in a file may lie.
    static MemorySegment unaligned(Arena arena, float[] numbers) {
        MemorySegment segment = arena.allocate(4L * numbers.length + 1, 64).asSlice(1);
        Blocks.copyF32(numbers, 0, segment, 0, numbers.length);
        return segment;
    }

    /// Room for `count` numbers with canaries inside and behind.
    static MemorySegment output(Arena arena, int count) {
        return arena.allocate(4L * count + SLACK, 64).fill(CANARY);
    }

    /// The numbers of an output whose slack is untouched.
    static float[] read(MemorySegment output, int count) {
        assertThat(output.asSlice(4L * count).toArray(ValueLayout.JAVA_BYTE))
                .as("bytes behind the output")
                .containsOnly(CANARY);
        float[] numbers = new float[count];
        Blocks.copyF32(output, 0, numbers, 0, count);
        return numbers;
    }

    /// As integers, so that NaN equals NaN and 0 does not equal -0.
    static int[] bits(float[] numbers) {
        int[] bits = new int[numbers.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToIntBits(numbers[i]);
        }
        return bits;
    }
}
