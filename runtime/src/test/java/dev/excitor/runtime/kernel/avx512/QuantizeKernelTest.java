package dev.excitor.runtime.kernel.avx512;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.foreign.GuardedArena;
import dev.excitor.runtime.foreign.GuardedArena.Place;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Samples;
import dev.excitor.runtime.kernel.avx512.Q8Reference.Run;
import dev.excitor.runtime.kernel.avx512.QuantizeKernel.Form;
import dev.excitor.runtime.kernel.x86.Q8Packing;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Activations become exactly the bytes, scales and sums of [Q8Reference], in both pictures, whatever they are;
/// nothing beside them is read or written.
class QuantizeKernelTest {

    private static final int STEP = 64;
    private static final byte UNTOUCHED = 0x5a;

    @BeforeAll
    static void needsTheProcessor() {
        Avx512Cpu.require();
    }

    /// A step of 64 numbers whose second half is ordinary, so that a half that is not cannot change the other.
    static Stream<Arguments> awkward() {
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
                .flatMap(content -> Arrays.stream(Form.values())
                        .map(form -> Arguments.of(form, content.get()[0], content.get()[1])));
    }

    @ParameterizedTest
    @MethodSource("awkward")
    void awkwardNumbersBecomeWhatTheDefinitionSays(Form form, String what, float[] pattern) {
        for (int half = 0; half < 2; half++) {
            float[] x = Samples.gaussian(new Random(Codes.SEED), STEP, 1);
            for (int i = 0; i < Q8Reference.RUN; i++) {
                x[half * Q8Reference.RUN + i] = pattern[i % pattern.length];
            }
            assertQuantized(form, x, what + " in half " + half);
        }
    }

    /// Every position in turn holds what decides the scale.
    @ParameterizedTest
    @EnumSource(Form.class)
    void theLargestIsFoundWhereverItStands(Form form) {
        for (float outlier : new float[] {-50, Float.NEGATIVE_INFINITY, Float.NaN}) {
            float[] x = Samples.gaussian(new Random(Codes.SEED), STEP * STEP, 1);
            for (int step = 0; step < STEP; step++) {
                x[step * STEP + step] = outlier;
            }
            assertQuantized(form, x, outlier + " at each place");
        }
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void randomNumbersBecomeWhatTheDefinitionSays(Form form) {
        Random random = new Random(Codes.SEED);
        for (int steps = 1; steps <= 9; steps++) {
            assertQuantized(form, Samples.gaussian(random, steps * STEP, 1), steps + " gaussian steps");
        }
        float[] magnitudes = Samples.gaussian(random, 3000 * STEP, 1);
        for (int i = 0; i < magnitudes.length; i++) {
            magnitudes[i] *= (float) Math.scalb(1.0, (i / STEP * 83) % 250 - 140);
        }
        assertQuantized(form, magnitudes, "gaussian steps of every magnitude");
        float[] patterns = new float[1000 * STEP];
        for (int i = 0; i < patterns.length; i++) {
            patterns[i] = Float.intBitsToFloat(random.nextInt());
        }
        assertQuantized(form, patterns, "random bit patterns");
    }

    private static void assertQuantized(Form form, float[] x, String what) {
        for (Place place : Place.values()) {
            MemorySegment packed = quantize(form, x, place);
            String whose = "%s, %s, seed %d: ".formatted(what, form, Codes.SEED);
            for (int run = 0; run < x.length / Q8Reference.RUN; run++) {
                Run expected = Run.of(x, run * Q8Reference.RUN);
                if (form == Form.LANES) {
                    assertLanes(packed, run, expected, whose);
                } else {
                    assertRecord(packed, run, expected, whose);
                }
            }
        }
    }

    private static void assertLanes(MemorySegment packed, int run, Run expected, String whose) {
        long step = (long) run / 2 * Q8Lanes.STEP_BYTES;
        assertBytes(packed, step + run % 2 * 32L, expected, whose);
        for (int lane = 0; lane < 8; lane++) {
            int sum = expected.sum(4 * lane, 4 * lane + 4);
            long at = step + 4L * (run % 2 * 8 + lane);
            String which = whose + "lane " + lane + " of run " + run;
            assertFloat(packed, at + Q8Lanes.SCALE, expected.scale(), "scale of " + which);
            assertInt(packed, at + Q8Lanes.OFFSET, -128 * sum, "offset of " + which);
            assertFloat(packed, at + Q8Lanes.SUM, expected.scale() * sum, "sum of " + which);
        }
    }

    private static void assertRecord(MemorySegment packed, int run, Run expected, String whose) {
        long at = (long) run * Q8Records.BYTES;
        String which = whose + "run " + run;
        assertBytes(packed, at, expected, which);
        int low = expected.sum(0, 16);
        int high = expected.sum(16, 32);
        assertFloat(packed, at + Q8Records.SCALE, expected.scale(), "scale of " + which);
        assertInt(packed, at + Q8Records.OFFSET, -128 * (low + high), "offset of " + which);
        assertFloat(packed, at + Q8Records.SUM, expected.scale() * (low + high), "sum of " + which);
        assertInt(packed, at + Q8Records.HALF_OFFSETS, -128 * low, "first offset of " + which);
        assertInt(packed, at + Q8Records.HALF_OFFSETS + 4, -128 * high, "second offset of " + which);
        assertFloat(packed, at + Q8Records.HALF_SUMS, expected.scale() * low, "first sum of " + which);
        assertFloat(packed, at + Q8Records.HALF_SUMS + 4, expected.scale() * high, "second sum of " + which);
        assertThat(packed.asSlice(at + Q8Records.HALF_SUMS + 8, 4).toArray(ValueLayout.JAVA_BYTE))
                .as("what no picture shows of %s", which)
                .containsOnly(UNTOUCHED);
    }

    private static void assertBytes(MemorySegment packed, long at, Run expected, String which) {
        assertThat(packed.asSlice(at, Q8Reference.RUN).toArray(ValueLayout.JAVA_BYTE))
                .as("bytes of %s", which)
                .isEqualTo(expected.q());
    }

    /// Equal in every bit, except that all NaNs are one: their payloads are not part of the promise.
    private static void assertFloat(MemorySegment packed, long at, float expected, String which) {
        if (Float.floatToIntBits(Blocks.f32(packed, at)) != Float.floatToIntBits(expected)) {
            assertThat(Blocks.f32(packed, at)).as(which).isEqualTo(expected);
        }
    }

    private static void assertInt(MemorySegment packed, long at, int expected, String which) {
        assertThat(Blocks.i32(packed, at)).as(which).isEqualTo(expected);
    }

    /// The packed form, on the heap; input, arguments and output lie against pages that nobody may touch.
    private static MemorySegment quantize(Form form, float[] x, Place place) {
        int bytes = x.length / STEP * (form == Form.LANES ? Q8Lanes.STEP_BYTES : 2 * Q8Records.BYTES);
        try (GuardedArena arena = new GuardedArena(place);
                MachineCode kernel = new MachineCode(QuantizeKernel.assemble(form))) {
            MemorySegment source = arena.allocateFrom(ValueLayout.JAVA_FLOAT, x);
            MemorySegment target = arena.allocate(bytes).fill(UNTOUCHED);
            MemorySegment arguments = arena.allocate(24);
            arguments.set(ValueLayout.JAVA_LONG, Q8Packing.X, source.address());
            arguments.set(ValueLayout.JAVA_LONG, Q8Packing.STEPS, x.length / STEP);
            arguments.set(ValueLayout.JAVA_LONG, Q8Packing.OUT, target.address());
            kernel.call(arguments);
            return MemorySegment.ofArray(target.toArray(ValueLayout.JAVA_BYTE));
        }
    }
}
