package dev.excitor.runtime.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.vector.Lanes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Fast encoders write the bytes that the scalar definition writes, at every width, for ordinary and for extreme
/// numbers.
class EncoderContractTest {

    private static final long SEED = 20261125;

    /// Numbers in a sample: seventeen super-blocks, so that no number of lanes divides the blocks.
    private static final int COUNT = 17 * 256;

    static Stream<Arguments> encoders() {
        return Formats.all().stream().flatMap(format -> Lanes.WIDTHS.stream().map(bits -> Arguments.of(format, bits)));
    }

    @ParameterizedTest
    @MethodSource("encoders")
    void ordinaryNumbers(Format format, int bits) {
        Codec codec = Codec.of(format, bits);
        Random random = new Random(SEED + bits);
        for (int round = 0; round < 4; round++) {
            float[] gaussian = Samples.gaussian(random, COUNT, 0.02);
            assertEqual(format, codec, gaussian, "gaussian numbers");
            float[] uniform = new float[COUNT];
            for (int i = 0; i < COUNT; i++) {
                uniform[i] = random.nextFloat() * 2 - (round % 2);
            }
            assertEqual(format, codec, uniform, "uniform numbers");
            float[] heavy = gaussian.clone();
            for (int i = 0; i < COUNT; i++) {
                heavy[i] = heavy[i] * heavy[i] * heavy[i] * 1e3f;
            }
            assertEqual(format, codec, heavy, "numbers with outliers");
        }
    }

    /// Ties between magnitudes, halves between codes, runs of equals, zeros of both signs.
    @ParameterizedTest
    @MethodSource("encoders")
    void regularNumbers(Format format, int bits) {
        Codec codec = Codec.of(format, bits);
        Random random = new Random(SEED + bits);
        for (int levels = 1; levels <= 64; levels *= 2) {
            float[] grid = new float[COUNT];
            for (int i = 0; i < COUNT; i++) {
                grid[i] = (random.nextInt(2 * levels + 1) - levels) * (i % 512 < 256 ? 0.5f : 0.1f);
                grid[i] = grid[i] == 0 && random.nextBoolean() ? -0f : grid[i];
            }
            assertEqual(format, codec, grid, "multiples of a step, up to " + levels);
        }
        float[] mixed = new float[COUNT];
        for (int block = 0; block < COUNT / 16; block++) {
            float constant = (float) (random.nextGaussian() * (block % 3 == 0 ? 0 : 1));
            Arrays.fill(mixed, block * 16, block * 16 + 16, constant);
        }
        assertEqual(format, codec, mixed, "sub-blocks of equal numbers");
        assertEqual(format, codec, new float[COUNT], "zeros");
    }

    /// Every magnitude that a float has: sums that vanish, steps that are zero, scales beyond f16.
    @ParameterizedTest
    @MethodSource("encoders")
    void extremeNumbers(Format format, int bits) {
        Codec codec = Codec.of(format, bits);
        Random random = new Random(SEED + bits);
        for (int exponent = -149; exponent <= 124; exponent += 3) {
            float[] numbers = Samples.gaussian(random, COUNT, Math.scalb(1.0, exponent));
            assertEqual(format, codec, numbers, "numbers near 2^" + exponent);
        }
        float[] all = new float[COUNT];
        for (int i = 0; i < COUNT; i++) {
            do {
                all[i] = Float.intBitsToFloat(random.nextInt());
            } while (!Float.isFinite(all[i]));
        }
        assertEqual(format, codec, all, "random bits");
        float[] spread = new float[COUNT];
        for (int i = 0; i < COUNT; i++) {
            spread[i] = (float) (random.nextGaussian() * Math.scalb(1.0, -(i / 16) % 60));
        }
        assertEqual(format, codec, spread, "sub-blocks of many magnitudes");
    }

    @ParameterizedTest
    @MethodSource("encoders")
    void anyNumberOfBlocksAtAnyPlace(Format format, int bits) {
        Codec codec = Codec.of(format, bits);
        Random random = new Random(SEED + bits);
        for (int blocks = 1; blocks <= 40; blocks++) {
            int count = blocks * format.blockSize();
            float[] numbers = Samples.gaussian(random, count + 11, 1);
            byte[] expected = new byte[blocks * format.blockBytes()];
            format.encode(numbers, 5, count, MemorySegment.ofArray(expected), 0);
            try (Arena arena = Arena.ofShared()) {
                MemorySegment target = arena.allocate(expected.length + 20L);
                target.fill((byte) 0x5a);
                codec.encode(numbers, 5, count, target, 7);
                byte[] bytes = target.toArray(ValueLayout.JAVA_BYTE);
                assertThat(Arrays.mismatch(Arrays.copyOfRange(bytes, 7, 7 + expected.length), expected))
                        .as("first byte that differs in %d blocks of %s, seed %d", blocks, format.name(), SEED)
                        .isNegative();
                assertThat(Arrays.copyOf(bytes, 7)).containsOnly(0x5a);
                assertThat(Arrays.copyOfRange(bytes, 7 + expected.length, bytes.length))
                        .containsOnly(0x5a);
            }
        }
    }

    private static void assertEqual(Format format, Codec codec, float[] numbers, String what) {
        int bytes = Math.toIntExact(format.rowBytes(numbers.length));
        byte[] expected = new byte[bytes];
        format.encode(numbers, 0, numbers.length, MemorySegment.ofArray(expected), 0);
        byte[] actual = new byte[bytes];
        codec.encode(numbers, 0, numbers.length, MemorySegment.ofArray(actual), 0);
        int at = Arrays.mismatch(expected, actual);
        if (at >= 0) {
            int block = at / format.blockBytes();
            assertThat(Arrays.copyOfRange(actual, block * format.blockBytes(), (block + 1) * format.blockBytes()))
                    .as("block %d of %s of %s, seed %d", block, what, format.name(), SEED)
                    .isEqualTo(Arrays.copyOfRange(
                            expected, block * format.blockBytes(), (block + 1) * format.blockBytes()));
        }
    }
}
