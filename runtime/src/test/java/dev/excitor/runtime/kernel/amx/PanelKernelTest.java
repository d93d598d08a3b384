package dev.excitor.runtime.kernel.amx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.foreign.GuardedArena;
import dev.excitor.runtime.foreign.GuardedArena.Place;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Samples;
import dev.excitor.runtime.kernel.x86.Contents;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Tiles hold the weights of every format as brain floats, whatever the bytes; nothing beside them is read or written.
class PanelKernelTest {

    @BeforeAll
    static void needsTheProcessor() {
        AmxCpu.require();
    }

    static Stream<Arguments> formats() {
        return AmxCpu.named();
    }

    @ParameterizedTest
    @MethodSource("formats")
    void sizesAreThoseOfTheFormat(Format format) {
        WeightSource source = WeightSource.find(format).orElseThrow();
        assertThat(source.unitWeights() % BrainTiles.STEP_COLS).isZero();
        assertThat((long) source.unitBytes()).isEqualTo(format.rowBytes(source.unitWeights()));
    }

    @ParameterizedTest
    @MethodSource("formats")
    void weightsAreThoseOfTheFormat(Format format) {
        int unit = WeightSource.find(format).orElseThrow().unitWeights();
        try (MachineCode kernel = kernel(format)) {
            Contents.hostile(new Random(Contents.SEED), format)
                    .forEach((what, blocks) -> assertWeights(kernel, format, blocks, unit, what));
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void everyNumberOfUnitsAndRowsFits(Format format) {
        Random random = new Random(Contents.SEED);
        int unit = WeightSource.find(format).orElseThrow().unitWeights();
        try (MachineCode kernel = kernel(format)) {
            for (int cols = unit; cols <= 5 * unit; cols += unit) {
                for (int rows = 1; rows <= BrainTiles.ROWS; rows++) {
                    byte[] blocks = Contents.ordinary(random, format, rows * (cols / format.blockSize()));
                    assertWeights(kernel, format, blocks, cols, "%d rows of %d".formatted(rows, cols));
                }
            }
        }
    }

    private static MachineCode kernel(Format format) {
        return new MachineCode(PanelKernel.assemble(WeightSource.find(format).orElseThrow()));
    }

    /// Unpacks the blocks as rows of `cols` weights, 16 of them at a time and what is left.
    private static void assertWeights(MachineCode kernel, Format format, byte[] blocks, int cols, String what) {
        int rowBytes = Math.toIntExact(format.rowBytes(cols));
        byte[] matrix = Contents.rows(blocks, rowBytes);
        float[] expected = Samples.decode(format, matrix);
        int rows = matrix.length / rowBytes;
        for (int first = 0; first < rows; first += BrainTiles.ROWS) {
            int count = Math.min(BrainTiles.ROWS, rows - first);
            byte[] some = Arrays.copyOfRange(matrix, first * rowBytes, (first + count) * rowBytes);
            Place place = first / BrainTiles.ROWS % 2 == 0 ? Place.LAST : Place.FIRST;
            try (GuardedArena arena = new GuardedArena(place)) {
                MemorySegment w = arena.allocate(some.length).copyFrom(MemorySegment.ofArray(some));
                MemorySegment tiles = unpack(arena, kernel, format, w, count, cols);
                for (int row = 0; row < BrainTiles.ROWS; row++) {
                    int from = (first + Math.min(row, count - 1)) * cols;
                    for (int col = 0; col < cols; col++) {
                        assertWeight(tiles, row, col, expected[from + col], format.name() + ", " + what);
                    }
                }
            }
        }
    }

    private static MemorySegment unpack(
            GuardedArena arena, MachineCode kernel, Format format, MemorySegment w, int rows, int cols) {
        MemorySegment tiles = arena.allocate(BrainPacking.runBytes(cols), 64);
        MemorySegment arguments = arena.allocate(PanelKernel.ARGUMENTS, 8);
        arguments.set(ValueLayout.JAVA_LONG, PanelKernel.W, w.address());
        arguments.set(ValueLayout.JAVA_LONG, PanelKernel.W_STRIDE, format.rowBytes(cols));
        arguments.set(ValueLayout.JAVA_LONG, PanelKernel.LAST_ROW, rows - 1);
        arguments.set(
                ValueLayout.JAVA_LONG,
                PanelKernel.UNITS,
                cols / WeightSource.find(format).orElseThrow().unitWeights());
        arguments.set(ValueLayout.JAVA_LONG, PanelKernel.OUT, tiles.address());
        arguments.set(ValueLayout.JAVA_LONG, PanelKernel.AHEAD, 0);
        kernel.call(arguments);
        return tiles;
    }

    /// The weight is between the brain floats of what decode gives when its last steps are rounded down and up: the
    /// kernel rounds fewer of them. What overflows there is no finite number here either.
    private static void assertWeight(MemorySegment tiles, int row, int col, float expected, String what) {
        float weight = TileReader.weight(tiles, row, col);
        if (!Float.isFinite(expected)) {
            assertThat(Float.isFinite(weight))
                    .as("weight %d of row %d of %s is finite", col, row, what)
                    .isFalse();
            return;
        }
        double slack = 0x1p-8 * Math.abs(expected) + Float.MIN_NORMAL;
        if (!(Math.abs(weight - expected) <= slack)) {
            assertThat(weight)
                    .as("weight %d of row %d of %s, seed %d", col, row, what, Contents.SEED)
                    .isEqualTo(expected);
        }
    }
}
