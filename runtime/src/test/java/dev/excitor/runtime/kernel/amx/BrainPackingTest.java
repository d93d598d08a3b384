package dev.excitor.runtime.kernel.amx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.foreign.GuardedArena;
import dev.excitor.runtime.foreign.GuardedArena.Place;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Samples;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.x86.Contents;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// Activations become exactly the brain floats of [BrainReference], where [BrainTiles] says, whatever they are; nothing
/// beside them is read or written.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BrainPackingTest {

    private static final float[] HOSTILE = {
        0f,
        -0f,
        Float.MIN_VALUE,
        -0x1p-127f,
        Float.MIN_NORMAL,
        0x1.01p0f, // half way between two brain floats, to even below
        0x1.03p0f, // half way, to even above
        -0x1.010002p0f,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        0x1.fep127f, // the largest that is finite as a brain float
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN,
        Float.intBitsToFloat(0x7f800001)
    };

    private final Team one = new Team(1);
    private final Team three = new Team(3);

    @BeforeAll
    static void needsTheProcessor() {
        AmxCpu.require();
    }

    @AfterAll
    void stopTeams() {
        one.close();
        three.close();
    }

    @Test
    void everyNumberOfRows() {
        for (int rows = 1; rows <= 50; rows++) {
            check(random(rows, 192), rows, 192);
        }
    }

    @Test
    void everyWidth() {
        for (int cols = 64; cols <= 1024; cols += 64) {
            check(random(17, cols), 17, cols);
        }
        for (int cols : new int[] {1984, 2048, 2112, 4096, 5632, 8192}) {
            check(random(17, cols), 17, cols);
        }
    }

    private static float[] random(int rows, int cols) {
        Random random = new Random(Contents.SEED);
        float[] x = Samples.gaussian(random, rows * cols, 1);
        for (int i = 0; i < x.length; i += 7) {
            x[i] = HOSTILE[random.nextInt(HOSTILE.length)];
        }
        return x;
    }

    private void check(float[] x, int rows, int cols) {
        float[] expected = BrainReference.rounded(x);
        for (Team team : List.of(one, three)) {
            Place place = rows % 2 == 0 ? Place.FIRST : Place.LAST;
            try (GuardedArena arena = new GuardedArena(place);
                    MachineCode kernel = new MachineCode(PackKernel.assemble())) {
                BrainPacking packing = new BrainPacking(kernel);
                Activations activations = new Activations(arena, rows, cols, List.of(packing));
                Blocks.copyF32(x, 0, activations.data(), 0, x.length);
                activations.rows(rows);
                team.run(worker -> activations.pack(worker, packing));
                MemorySegment tiles = activations.packed(packing);
                for (int row = 0; row < rows; row++) {
                    for (int col = 0; col < cols; col++) {
                        int run = col / BrainPacking.COLS * BrainPacking.COLS;
                        long at = BrainPacking.offset(rows, row / BrainTiles.ROWS, run, cols);
                        float number = TileReader.activation(tiles, at, row % BrainTiles.ROWS, col - run);
                        if (Float.floatToIntBits(number) != Float.floatToIntBits(expected[row * cols + col])) {
                            assertThat(number)
                                    .as("column %d of %d of row %d of %d", col, cols, row, rows)
                                    .isEqualTo(expected[row * cols + col]);
                        }
                    }
                }
            }
        }
    }
}
