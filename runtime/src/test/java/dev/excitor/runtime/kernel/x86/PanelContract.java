package dev.excitor.runtime.kernel.x86;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.foreign.GuardedArena;
import dev.excitor.runtime.foreign.GuardedArena.Place;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Samples;
import dev.excitor.runtime.kernel.x86.TierUnderTest.Unpacking;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What a tier promises of every format that it unpacks: panels hold the weights of the format, whatever the bytes.
///
/// The weights are exact, not merely near: the kernels take their scales from the same float operations as the
/// formats' decode, and those of integers are exact.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class PanelContract {

    private final TierUnderTest tier;

    protected PanelContract(TierUnderTest tier) {
        this.tier = tier;
    }

    Stream<Arguments> formats() {
        return tier.formats().stream().map(format -> Arguments.of(Named.of(format.name(), format)));
    }

    @BeforeAll
    void needsTheProcessor() {
        Machine.require(tier);
    }

    @ParameterizedTest
    @MethodSource("formats")
    void weightsAreThoseOfTheFormat(Format format) {
        Map<String, byte[]> contents = Contents.hostile(new Random(Contents.SEED), format);
        try (Unpacking kernel = tier.unpacking(format)) {
            contents.forEach((what, blocks) -> assertWeights(kernel, format, blocks, tier.unitWeights(format), what));
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void everyNumberOfUnitsAndRowsFits(Format format) {
        Random random = new Random(Contents.SEED);
        int unit = tier.unitWeights(format);
        try (Unpacking kernel = tier.unpacking(format)) {
            for (int cols = unit; cols <= tier.panelCols(); cols += unit) {
                for (int rows = 1; rows <= tier.panelRows(); rows++) {
                    byte[] blocks = Contents.ordinary(random, format, rows * (cols / format.blockSize()));
                    assertWeights(kernel, format, blocks, cols, "%d rows of %d".formatted(rows, cols));
                }
            }
        }
    }

    /// Unpacks the blocks as rows of `cols` weights, a panel of them at a time and what is left.
    private void assertWeights(Unpacking kernel, Format format, byte[] blocks, int cols, String what) {
        int rowBytes = Math.toIntExact(format.rowBytes(cols));
        byte[] matrix = Contents.rows(blocks, rowBytes);
        float[] expected = Samples.decode(format, matrix);
        int rows = matrix.length / rowBytes;
        int most = tier.panelRows();
        for (int first = 0; first < rows; first += most) {
            int count = Math.min(most, rows - first);
            byte[] some = Arrays.copyOfRange(matrix, first * rowBytes, (first + count) * rowBytes);
            try (GuardedArena arena = new GuardedArena(first / most % 2 == 0 ? Place.LAST : Place.FIRST)) {
                MemorySegment w = arena.allocate(some.length).copyFrom(MemorySegment.ofArray(some));
                PanelWeights panel = kernel.unpack(arena, w, count, cols);
                for (int row = 0; row < most; row++) {
                    int from = (first + Math.min(row, count - 1)) * cols;
                    for (int col = 0; col < cols; col++) {
                        assertWeight(panel, row, col, expected[from + col], format.name() + ", " + what);
                    }
                }
            }
        }
    }

    /// Equal in every bit, except that all NaNs are one: their payloads are not part of the promise.
    private static void assertWeight(PanelWeights panel, int row, int col, float expected, String what) {
        float weight = panel.weight(row, col);
        if (Float.floatToIntBits(weight) != Float.floatToIntBits(expected)) {
            assertThat(weight)
                    .as("weight %d of row %d of %s, seed %d", col, row, what, Contents.SEED)
                    .isEqualTo(expected);
        }
    }
}
