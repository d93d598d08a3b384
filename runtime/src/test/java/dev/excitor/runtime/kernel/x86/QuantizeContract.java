package dev.excitor.runtime.kernel.x86;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.foreign.GuardedArena;
import dev.excitor.runtime.foreign.GuardedArena.Place;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Samples;
import dev.excitor.runtime.kernel.x86.Q8Reference.Run;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Activations become exactly the bytes, scales and sums of [Q8Reference], in every picture, whatever they are;
/// nothing beside them is read or written.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class QuantizeContract {

    /// What a quantizing kernel draws.
    protected interface Picture {

        /// Numbers that are quantized at a time, a multiple of 32.
        int step();

        /// Bytes of so many steps.
        int bytes(int steps);

        byte[] assemble();

        /// Compares 32 numbers, the run-th of all, with what they should be.
        void check(Packed packed, int run, Run expected);

        /// Looks at what belongs to no numbers, behind so many runs of 32.
        default void checkRest(Packed packed, int runs) {}
    }

    private static final int STEP = 64;
    private static final byte UNTOUCHED = 0x5a;

    private final TierUnderTest tier;
    private final List<? extends Picture> pictures;

    protected QuantizeContract(TierUnderTest tier, List<? extends Picture> pictures) {
        this.tier = tier;
        this.pictures = pictures;
    }

    @BeforeAll
    void needsTheProcessor() {
        Machine.require(tier);
    }

    Stream<Picture> pictures() {
        return pictures.stream().map(picture -> (Picture) picture);
    }

    /// A step of 64 numbers whose second half is ordinary, so that a half that is not cannot change the other.
    Stream<Arguments> awkward() {
        float tiny = Float.MIN_VALUE;
        float inf = Float.POSITIVE_INFINITY;
        return Stream.of(
                        Arguments.of("zeros", new float[] {0}),
                        Arguments.of("zeros of both signs", new float[] {-0f, 0, -0f}),
                        Arguments.of("denormals", new float[] {tiny, -tiny, 100 * tiny, 0, -0x1p-130f}),
                        Arguments.of("where 127/m overflows", new float[] {0x1.fcp-122f, -0x1p-124f, tiny, 0}),
                        Arguments.of(
                                "where 127/m just fits", new float[] {Math.nextUp(0x1.fcp-122f), -0x1.8p-122f, tiny}),
                        Arguments.of("the smallest normal number", new float[] {Float.MIN_NORMAL, -tiny}),
                        Arguments.of("the largest numbers", new float[] {Float.MAX_VALUE, -Float.MAX_VALUE, 1e38f, 1}),
                        Arguments.of("infinity", new float[] {1, inf, -2}),
                        Arguments.of("both infinities", new float[] {-inf, inf, 0}),
                        Arguments.of("not a number", new float[] {1, Float.NaN, -2}),
                        Arguments.of("NaN beside infinity", new float[] {inf, Float.NaN}),
                        Arguments.of("a negative NaN", new float[] {Float.intBitsToFloat(0xffc12345), 3}),
                        Arguments.of("a signalling NaN", new float[] {Float.intBitsToFloat(0x7f800001), 3}),
                        Arguments.of("ties", new float[] {127, .5f, 1.5f, 2.5f, -.5f, -1.5f, -2.5f, 125.5f, 126.5f}),
                        Arguments.of("negative ties", new float[] {-127, .5f, 1.5f, 2.5f, -.5f, -125.5f, -126.5f}),
                        Arguments.of("beside ties", new float[] {127, Math.nextUp(.5f), Math.nextDown(1.5f)}),
                        Arguments.of("one outlier", new float[] {1e9f, 1, -1, 3e6f, 4e6f, -5e6f}),
                        Arguments.of("all alike", new float[] {-3.7f, -3.7f}))
                .flatMap(content ->
                        pictures().map(picture -> Arguments.of(picture, content.get()[0], content.get()[1])));
    }

    @ParameterizedTest
    @MethodSource("awkward")
    void awkwardNumbersBecomeWhatTheDefinitionSays(Picture picture, String what, float[] pattern) {
        for (int half = 0; half < 2; half++) {
            float[] x = Samples.gaussian(new Random(Contents.SEED), STEP, 1);
            for (int i = 0; i < Q8Reference.RUN; i++) {
                x[half * Q8Reference.RUN + i] = pattern[i % pattern.length];
            }
            assertQuantized(picture, x, what + " in half " + half);
        }
    }

    /// Every position in turn holds what decides the scale.
    @ParameterizedTest
    @MethodSource("pictures")
    void theLargestIsFoundWhereverItStands(Picture picture) {
        for (float outlier : new float[] {-50, Float.NEGATIVE_INFINITY, Float.NaN}) {
            float[] x = Samples.gaussian(new Random(Contents.SEED), STEP * STEP, 1);
            for (int step = 0; step < STEP; step++) {
                x[step * STEP + step] = outlier;
            }
            assertQuantized(picture, x, outlier + " at each place");
        }
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void randomNumbersBecomeWhatTheDefinitionSays(Picture picture) {
        Random random = new Random(Contents.SEED);
        for (int steps = 1; steps <= 9; steps++) {
            assertQuantized(picture, Samples.gaussian(random, steps * STEP, 1), steps + " gaussian steps");
        }
        float[] magnitudes = Samples.gaussian(random, 3000 * STEP, 1);
        for (int i = 0; i < magnitudes.length; i++) {
            magnitudes[i] *= (float) Math.scalb(1.0, (i / STEP * 83) % 250 - 140);
        }
        assertQuantized(picture, magnitudes, "gaussian steps of every magnitude");
        float[] patterns = new float[1000 * STEP];
        for (int i = 0; i < patterns.length; i++) {
            patterns[i] = Float.intBitsToFloat(random.nextInt());
        }
        assertQuantized(picture, patterns, "random bit patterns");
    }

    private static void assertQuantized(Picture picture, float[] x, String what) {
        for (Place place : Place.values()) {
            Packed packed =
                    new Packed(quantize(picture, x, place), "%s, %s, seed %d".formatted(what, picture, Contents.SEED));
            for (int run = 0; run < x.length / Q8Reference.RUN; run++) {
                picture.check(packed, run, Run.of(x, run * Q8Reference.RUN));
            }
            picture.checkRest(packed, x.length / Q8Reference.RUN);
        }
    }

    /// The bytes that a kernel wrote, and from what.
    protected record Packed(MemorySegment bytes, String what) {

        public void assertBytes(long at, Run expected) {
            assertBytes(at, expected, 0, Q8Reference.RUN);
        }

        /// Some of the bytes of a run.
        public void assertBytes(long at, Run expected, int from, int to) {
            byte[] actual = bytes.asSlice(at, to - from).toArray(ValueLayout.JAVA_BYTE);
            byte[] wanted = Arrays.copyOfRange(expected.q(), from, to);
            if (!Arrays.equals(actual, wanted)) {
                assertThat(actual).as("bytes at %d of %s", at, what).isEqualTo(wanted);
            }
        }

        /// Equal in every bit, except that all NaNs are one: their payloads are not part of the promise.
        public void assertFloat(long at, float expected) {
            if (Float.floatToIntBits(Blocks.f32(bytes, at)) != Float.floatToIntBits(expected)) {
                assertThat(Blocks.f32(bytes, at))
                        .as("number at %d of %s", at, what)
                        .isEqualTo(expected);
            }
        }

        public void assertInt(long at, int expected) {
            if (Blocks.i32(bytes, at) != expected) {
                assertThat(Blocks.i32(bytes, at))
                        .as("integer at %d of %s", at, what)
                        .isEqualTo(expected);
            }
        }

        /// What the picture does not show.
        public void assertUntouched(long at, int count) {
            assertThat(bytes.asSlice(at, count).toArray(ValueLayout.JAVA_BYTE))
                    .as("bytes at %d of %s", at, what)
                    .containsOnly(UNTOUCHED);
        }
    }

    /// The packed form, on the heap; input, arguments and output lie against pages that nobody may touch.
    private static MemorySegment quantize(Picture picture, float[] x, Place place) {
        int steps = x.length / picture.step();
        try (GuardedArena arena = new GuardedArena(place);
                MachineCode kernel = new MachineCode(picture.assemble())) {
            MemorySegment source = arena.allocateFrom(ValueLayout.JAVA_FLOAT, x);
            MemorySegment target = arena.allocate(picture.bytes(steps)).fill(UNTOUCHED);
            MemorySegment arguments = arena.allocate(24);
            arguments.set(ValueLayout.JAVA_LONG, Q8Packing.X, source.address());
            arguments.set(ValueLayout.JAVA_LONG, Q8Packing.STEPS, steps);
            arguments.set(ValueLayout.JAVA_LONG, Q8Packing.OUT, target.address());
            kernel.call(arguments);
            return MemorySegment.ofArray(target.toArray(ValueLayout.JAVA_BYTE));
        }
    }
}
