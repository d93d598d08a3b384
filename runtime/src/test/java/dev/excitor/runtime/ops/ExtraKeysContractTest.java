package dev.excitor.runtime.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.ops.ExtraKeys.Block;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every form of [ExtraKeys] gives the definition's numbers, whatever the shape of the block, the number of tokens and
/// the number of threads, and writes nothing beside them.
class ExtraKeysContractTest {

    private static final float CANARY = 12345.678f;
    private static final int PAD = 16;

    /// @param seed of the block's numbers
    record Case(Form form, int width, int rank, int heads, int prompts, int dim, int seed) {}

    /// The shapes of real adapters, and what is just inside and outside of what registers hold.
    static Stream<Case> cases() {
        int[][] shapes = {
            {64, 16, 8, 30, 64},
            {256, 16, 4, 30, 32},
            {128, 1, 1, 1, 16},
            {60, 7, 2, 16, 48},
            {61, 8, 2, 17, 64},
            {64, 17, 3, 31, 128},
            {64, 32, 2, 64, 16},
            {64, 33, 2, 65, 144},
            {64, 4, 2, 5, 24},
        };
        return Form.fast().stream()
                .flatMap(form -> IntStream.range(0, shapes.length)
                        .mapToObj(i -> new Case(
                                form, shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3], shapes[i][4], 7 + i)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void formsAgreeWithTheDefinition(Case given) {
        Block block = block(given, new Random(given.seed()));
        for (int n : new int[] {1, 2, 5, 13}) {
            Results expected = results(Form.DEFINITION, block, n, 1, given.seed());
            Results found = results(given.form(), block, n, 1, given.seed());
            assertClose(found.weights(), expected.weights(), 2e-5f, given + ": weights");
            assertClose(found.keys(), expected.keys(), 2e-5f * block.prompts(), given + ": keys");
            assertClose(found.added(), expected.added(), 2e-5f * block.prompts(), given + ": k + g k'");
            for (int threads : new int[] {2, 3}) {
                Results shared = results(given.form(), block, n, threads, given.seed());
                assertThat(shared.added())
                        .as("%s with %d threads", given, threads)
                        .containsExactly(found.added());
                assertThat(shared.keys()).containsExactly(found.keys());
                assertThat(shared.weights()).containsExactly(found.weights());
            }
        }
    }

    /// The weights of the softmax are at most 1 and so are P, so that errors are of the size of the numbers' rounding.
    private static void assertClose(float[] found, float[] expected, float tolerance, String what) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++) {
            assertThat((double) found[i])
                    .as("%s, element %d", what, i)
                    .isBetween((double) expected[i] - tolerance, (double) expected[i] + tolerance);
        }
    }

    private record Results(float[] weights, float[] keys, float[] added) {}

    private static Results results(Form form, Block block, int n, int threads, int seed) {
        Random random = new Random(seed + n);
        try (Arena arena = Arena.ofShared();
                Team team = new Team(threads)) {
            ExtraKeys.Prepared prepared = form.ops().extraKeys().prepare(arena, block);
            MemorySegment x = numbers(arena, n * block.width(), random, 1);
            MemorySegment g = numbers(arena, block.extra(), random, 1);
            MemorySegment z = arena.allocate(4L * n * prepared.rankStride(), 64);
            MemorySegment weights = canaries(arena, n * block.heads() * block.prompts());
            MemorySegment keys = canaries(arena, n * block.extra());
            MemorySegment added = canaries(arena, n * block.extra());
            MemorySegment k = numbers(arena, n * block.extra(), random, 1);
            MemorySegment.copy(k, 0, added, 4L * PAD, k.byteSize());
            team.run(worker -> {
                prepared.project(worker, x, n, z);
                worker.barrier();
                prepared.weights(worker, z, n, inside(weights));
                prepared.keys(worker, z, n, inside(keys));
                prepared.addKeys(worker, z, n, g, inside(added));
            });
            return new Results(floats(weights), floats(keys), floats(added));
        }
    }

    private static Block block(Case given, Random random) {
        int extra = given.heads() * given.dim();
        return new Block(
                given.width(),
                given.rank(),
                given.heads(),
                given.prompts(),
                given.dim(),
                (float) (1 / Math.sqrt(given.dim())),
                floats(given.rank() * given.width(), random, (float) (1 / Math.sqrt(given.width()))),
                floats(given.rank() * extra, random, 1),
                floats(given.prompts() * extra, random, 1));
    }

    private static float[] floats(int count, Random random, float scale) {
        float[] result = new float[count];
        for (int i = 0; i < count; i++) {
            result[i] = scale * (2 * random.nextFloat() - 1);
        }
        return result;
    }

    private static MemorySegment numbers(Arena arena, int count, Random random, float scale) {
        MemorySegment result = arena.allocate(4L * count, 64);
        Blocks.copyF32(floats(count, random, scale), 0, result, 0, count);
        return result;
    }

    /// Room for `count` numbers between canaries.
    private static MemorySegment canaries(Arena arena, int count) {
        MemorySegment result = arena.allocate(4L * (count + 2 * PAD), 64);
        for (int i = 0; i < count + 2 * PAD; i++) {
            Blocks.putF32(result, 4L * i, CANARY);
        }
        return result;
    }

    private static MemorySegment inside(MemorySegment guarded) {
        return guarded.asSlice(4L * PAD, guarded.byteSize() - 8L * PAD);
    }

    /// The numbers, once the canaries round them have been looked at.
    private static float[] floats(MemorySegment guarded) {
        float[] all = guarded.toArray(ValueLayout.JAVA_FLOAT);
        for (int i = 0; i < PAD; i++) {
            assertThat(all[i]).isEqualTo(CANARY);
            assertThat(all[all.length - 1 - i]).isEqualTo(CANARY);
        }
        return Arrays.copyOfRange(all, PAD, all.length - PAD);
    }
}
