package dev.excitor.runtime.kernel.avx512;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.foreign.GuardedArena;
import dev.excitor.runtime.foreign.GuardedArena.Place;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Samples;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What every [WeightCode] promises: panels hold the weights of the format, whatever the bytes. A code is covered
/// as soon as its line stands in [WeightCodes].
///
/// The weights are exact, not merely near: the kernels take their scales from the same float operations as the
/// formats' decode, and those of integers are exact.
class PanelKernelTest {

    @BeforeAll
    static void needsTheProcessor() {
        Avx512Cpu.require();
    }

    @ParameterizedTest
    @MethodSource("dev.excitor.runtime.kernel.avx512.Codes#all")
    void sizesAreThoseOfTheFormat(WeightCode code) {
        Format format = Codes.format(code);
        assertThat(code.unitWeights()).isIn(64, 256);
        assertThat(code.unitWeights() % format.blockSize()).as("whole blocks").isZero();
        assertThat((long) code.unitBytes()).isEqualTo(format.rowBytes(code.unitWeights()));
        assertThat(code.group()).isIn(16, 32);
        assertThat(WeightCodes.find(format)).containsSame(code);
    }

    @ParameterizedTest
    @MethodSource("dev.excitor.runtime.kernel.avx512.Codes#all")
    void weightsAreThoseOfTheFormat(WeightCode code) {
        Map<String, byte[]> contents = Codes.hostile(new Random(Codes.SEED), Codes.format(code));
        try (MachineCode kernel = new MachineCode(PanelKernel.assemble(code))) {
            contents.forEach((what, blocks) -> assertWeights(kernel, code, blocks, code.unitWeights(), what));
        }
    }

    @ParameterizedTest
    @MethodSource("dev.excitor.runtime.kernel.avx512.Codes#all")
    void everyNumberOfUnitsAndRowsFits(WeightCode code) {
        Random random = new Random(Codes.SEED);
        Format format = Codes.format(code);
        try (MachineCode kernel = new MachineCode(PanelKernel.assemble(code))) {
            for (int cols = code.unitWeights(); cols <= Panel.COLS; cols += code.unitWeights()) {
                for (int rows = 1; rows <= Panel.ROWS; rows++) {
                    byte[] blocks = Codes.ordinary(random, format, rows * (cols / format.blockSize()));
                    assertWeights(kernel, code, blocks, cols, "%d rows of %d".formatted(rows, cols));
                }
            }
        }
    }

    /// Unpacks the blocks as rows of `cols` weights, 16 rows at a time and what is left.
    private static void assertWeights(MachineCode kernel, WeightCode code, byte[] blocks, int cols, String what) {
        Format format = Codes.format(code);
        int rowBytes = Math.toIntExact(format.rowBytes(cols));
        byte[] matrix = Codes.rows(blocks, rowBytes);
        float[] expected = Samples.decode(format, matrix);
        int rows = matrix.length / rowBytes;
        for (int first = 0; first < rows; first += Panel.ROWS) {
            int count = Math.min(Panel.ROWS, rows - first);
            byte[] some = Arrays.copyOfRange(matrix, first * rowBytes, (first + count) * rowBytes);
            try (GuardedArena arena = new GuardedArena(first / Panel.ROWS % 2 == 0 ? Place.LAST : Place.FIRST)) {
                MemorySegment w = arena.allocate(some.length).copyFrom(MemorySegment.ofArray(some));
                Unpacked unpacked = Unpacked.of(arena, kernel, code, w, count, cols);
                for (int row = 0; row < Panel.ROWS; row++) {
                    // the last row stands for the missing ones
                    int from = (first + Math.min(row, count - 1)) * cols;
                    for (int col = 0; col < cols; col++) {
                        assertWeight(unpacked, row, col, expected[from + col], code.format() + ", " + what);
                    }
                }
            }
        }
    }

    /// Equal in every bit, except that all NaNs are one: their payloads are not part of the promise.
    private static void assertWeight(Unpacked unpacked, int row, int col, float expected, String what) {
        float weight = unpacked.weight(row, col);
        if (Float.floatToIntBits(weight) != Float.floatToIntBits(expected)) {
            assertThat(weight)
                    .as("weight %d of row %d of %s, seed %d", col, row, what, Codes.SEED)
                    .isEqualTo(expected);
        }
    }
}
