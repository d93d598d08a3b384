package dev.excitor.runtime.kernel.x86;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.foreign.GuardedArena;
import dev.excitor.runtime.foreign.GuardedArena.Place;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.format.Samples;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.KernelProvider;
import dev.excitor.runtime.kernel.KernelProvider.Accepted;
import dev.excitor.runtime.kernel.Regime;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What a tier promises of the products of float weights: they are those of the definition, row by row of the
/// activations, whatever the sizes; and nothing beside the operands is read or written.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class FloatContract {

    private static final List<Integer> ROWS = List.of(1, 2, 15, 16, 17, 33, 101, 130);

    private final TierUnderTest tier;
    private final int step;
    private final Team one = new Team(1);
    private final Team three = new Team(3);

    /// @param step columns of a matrix are a multiple of it
    protected FloatContract(TierUnderTest tier, int step) {
        this.tier = tier;
        this.step = step;
    }

    Stream<Arguments> formats() {
        return Stream.of("F32", "F16", "BF16").map(name -> Arguments.of(Named.of(name, Formats.of(name))));
    }

    @BeforeAll
    void needsTheProcessor() {
        Machine.require(tier);
    }

    @AfterAll
    void stopTeams() {
        one.close();
        three.close();
    }

    @ParameterizedTest
    @MethodSource("formats")
    void everyWidth(Format format) {
        Random random = new Random(Contents.SEED);
        IntStream narrow = IntStream.rangeClosed(1, 1600 / step).map(steps -> steps * step);
        IntStream.concat(narrow, IntStream.of(2048, 5632)).forEach(cols -> check(random, format, 17, cols, 1));
    }

    @ParameterizedTest
    @MethodSource("formats")
    void everyNumberOfRows(Format format) {
        Random random = new Random(Contents.SEED);
        for (int rows : ROWS) {
            for (int n = 1; n <= 3; n++) {
                check(random, format, rows, 5 * step, n);
            }
        }
    }

    /// Within `(cols / 16 + 10) 2^-24 sum |w x|`: no lane of an accumulator takes more than every sixteenth term,
    /// and the 10 stands for the sum over lanes.
    private void check(Random random, Format format, int rows, int cols, int n) {
        float[] x = Samples.gaussian(random, n * cols, 1);
        byte[] weights = Samples.moderate(random, format, rows * cols);
        float[] w = Samples.decode(format, weights);
        float[] y = run(one, Place.LAST, format, weights, rows, cols, x);
        assertThat(run(three, Place.FIRST, format, weights, rows, cols, x)).isEqualTo(y);
        for (int i = 0; i < n; i++) {
            for (int row = 0; row < rows; row++) {
                double sum = 0;
                double magnitude = 0;
                for (int col = 0; col < cols; col++) {
                    double term = (double) w[row * cols + col] * x[i * cols + col];
                    sum += term;
                    magnitude += Math.abs(term);
                }
                double bound = (cols / 16 + 10) * (0x1p-24 * magnitude + Float.MIN_VALUE);
                assertThat(Math.abs(y[i * rows + row] - sum))
                        .as("error of row %d of %d, %d columns of %s", row, rows, cols, format.name())
                        .isLessThanOrEqualTo(bound);
            }
        }
    }

    /// The product, with everything that the kernel is given against pages that nobody may touch.
    private float[] run(Team team, Place place, Format format, byte[] weights, int rows, int cols, float[] x) {
        int n = x.length / cols;
        KernelProvider provider = tier.open();
        try (GuardedArena arena = new GuardedArena(place)) {
            MemorySegment w = arena.allocate(weights.length).copyFrom(MemorySegment.ofArray(weights));
            Tensor tensor = new Tensor("w", format, new Shape(rows, cols), w);
            Accepted accepted = (Accepted) provider.consider(tensor, Regime.DECODE);
            Activations activations = new Activations(arena, n, cols, List.of());
            Blocks.copyF32(x, 0, activations.data(), 0, n * cols);
            activations.rows(n);
            MemorySegment y = arena.allocate(4L * n * rows, 4);
            team.run(worker -> accepted.kernel().apply(worker, tensor, activations, y, rows));
            float[] result = new float[n * rows];
            Blocks.copyF32(y, 0, result, 0, result.length);
            return result;
        } finally {
            provider.close();
        }
    }
}
