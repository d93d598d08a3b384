package dev.excitor.runtime.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.kv.KvLayout;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What every form of attention promises, the definition included: the formula, for every grouping of heads, head sizes
/// that are no multiple of a vector, texts that end on either side of a page and a span, and both types of cache.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AttentionContractTest {

    private static final long SEED = 20261124;

    private List<Team> teams = List.of();

    @BeforeAll
    void startTeams() {
        teams = List.of(new Team(1), new Team(2), new Team(3));
    }

    @AfterAll
    void stopTeams() {
        teams.forEach(Team::close);
    }

    /// A shape and where in a text it is asked.
    record Case(AttentionShape shape, int first, int n) {
        AttentionProblem problem(Values kind) {
            return new AttentionProblem(shape, first, n, kind, new Random(SEED));
        }
    }

    /// Head sizes of keys and values.
    private static final int[][] DIMS = {
        {16, 16}, {12, 20}, {5, 3}, {64, 48}, {33, 17}, {32, 64}, {48, 80}, {96, 128}, {256, 32}
    };

    /// No whole vectors, and whole ones.
    private static final int[][] RAGGED_AND_WHOLE = {{12, 20}, {32, 16}};

    /// Query heads and kv heads: groups of 1, 2, 3, 4, 7, 8, and one that is larger than a block of rows.
    private static final int[][] HEADS = {{2, 2}, {4, 2}, {6, 2}, {8, 2}, {7, 1}, {8, 1}, {40, 1}};

    /// Positions before the first query, and queries: each side of a page, of a span of pages, and of a block.
    private static final int[][] PLACES = {
        {0, 1}, {0, 2}, {1, 1}, {0, 65}, {15, 3}, {16, 31}, {62, 1}, {63, 1}, {64, 1}, {63, 2}, {60, 9}, {65, 1},
        {1, 130}, {500, 20}, {511, 1}, {512, 1}, {700, 1}, {700, 7}, {1500, 1}, {1500, 5}
    };

    static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (KvLayout.Type type : KvLayout.Type.values()) {
            for (int[] heads : HEADS) {
                for (int[] dims : DIMS) {
                    AttentionShape shape = new AttentionShape(type, heads[0], heads[1], dims[0], dims[1]);
                    cases.add(new Case(shape, 60, 9));
                    cases.add(new Case(shape, 66, 1));
                }
                for (int[] dims : RAGGED_AND_WHOLE) {
                    AttentionShape shape = new AttentionShape(type, heads[0], heads[1], dims[0], dims[1]);
                    cases.add(new Case(shape.withExtra(heads[1], 7), 60, 9));
                    cases.add(new Case(shape.withExtra(heads[0], 30), 66, 1));
                    cases.add(new Case(shape.withExtra(1, 16), 30, 40));
                }
            }
            for (int[] dims : RAGGED_AND_WHOLE) {
                for (int[] place : PLACES) {
                    AttentionShape shape = new AttentionShape(type, 4, 2, dims[0], dims[1]);
                    cases.add(new Case(shape, place[0], place[1]));
                    cases.add(new Case(shape.withExtra(4, 9), place[0], place[1]));
                }
            }
        }
        return cases;
    }

    static Stream<Arguments> casesAndForms() {
        return Form.all().stream().flatMap(form -> cases().stream().map(given -> Arguments.of(form, given)));
    }

    static List<Form> forms() {
        return Form.all();
    }

    @ParameterizedTest
    @MethodSource("casesAndForms")
    void isTheFormulaWithinItsBoundWhateverTheThreads(Form form, Case given) {
        AttentionProblem problem = given.problem(Values.GAUSSIAN);
        float[] found = problem.run(form.ops().attention(), teams.getFirst());
        int valueDim = given.shape().valueDim();
        for (int row = 0; row < given.n(); row++) {
            for (int head = 0; head < given.shape().heads(); head++) {
                AttentionProblem.Exact exact = problem.exact(row, head);
                for (int i = 0; i < valueDim; i++) {
                    double expected = exact.result()[i];
                    double bound = exact.bounds()[i];
                    float number = found[(row * given.shape().heads() + head) * valueDim + i];
                    if (!(Math.abs(number - expected) <= bound)) {
                        assertThat((double) number)
                                .as("query %d, head %d, number %d, seed %d", row, head, i, SEED)
                                .isBetween(expected - bound, expected + bound);
                    }
                }
            }
        }
        for (Team team : teams.subList(1, teams.size())) {
            assertThat(Buffers.bits(problem.run(form.ops().attention(), team)))
                    .as("%d threads, seed %d", team.size(), SEED)
                    .isEqualTo(Buffers.bits(found));
        }
    }

    /// Not even as zero times infinity.
    @ParameterizedTest
    @MethodSource("forms")
    void positionsThatFollowChangeNoBit(Form form) {
        for (AttentionShape shape : shapes(2)) {
            for (int first : new int[] {0, 50, 63}) {
                Case given = new Case(shape.withExtra(2, 5), first, 20);
                float[] expected = given.problem(Values.GAUSSIAN).run(form.ops().attention(), teams.getFirst());
                for (float poison : new float[] {Float.NaN, Float.POSITIVE_INFINITY, 1e30f}) {
                    for (int later : new int[] {1, 13, 14, 19}) {
                        AttentionProblem problem = given.problem(Values.GAUSSIAN);
                        problem.poison(first + later, poison);
                        float[] found = problem.run(form.ops().attention(), teams.getFirst());
                        int count = later * problem.width();
                        assertThat(Buffers.bits(Arrays.copyOf(found, count)))
                                .as("%d queries behind %d before %s, seed %d", later, first, poison, SEED)
                                .isEqualTo(Buffers.bits(Arrays.copyOf(expected, count)));
                    }
                }
            }
        }
    }

    /// Four query heads, both types, ragged and whole heads.
    private static List<AttentionShape> shapes(int kvHeads) {
        List<AttentionShape> shapes = new ArrayList<>();
        for (KvLayout.Type type : KvLayout.Type.values()) {
            for (int[] dims : RAGGED_AND_WHOLE) {
                shapes.add(new AttentionShape(type, 4, kvHeads, dims[0], dims[1]));
            }
        }
        return shapes;
    }

    @ParameterizedTest
    @MethodSource("forms")
    void aQueryThatIsNoNumberHarmsNoOther(Form form) {
        for (int kvHeads : new int[] {1, 2, 4}) {
            for (AttentionShape shape : shapes(kvHeads)) {
                Case given = new Case(shape, 70, 9);
                float[] expected = given.problem(Values.GAUSSIAN).run(form.ops().attention(), teams.getFirst());
                AttentionProblem problem = given.problem(Values.GAUSSIAN);
                problem.poisonQuery(4, Float.NaN);
                float[] found = problem.run(form.ops().attention(), teams.getFirst());
                for (int i = 0; i < found.length; i++) {
                    boolean poisoned = i / problem.width() == 4;
                    if (poisoned ? !Float.isNaN(found[i]) : found[i] != expected[i]) {
                        assertThat(found[i])
                                .as("number %d, seed %d", i, SEED)
                                .isEqualTo(poisoned ? Float.NaN : expected[i]);
                    }
                }
            }
        }
    }

    /// Numbers that a cache of halves cannot hold become infinite and are not hidden.
    @ParameterizedTest
    @MethodSource("forms")
    void whatOverflowsAHalfIsNotHidden(Form form) {
        for (AttentionShape shape : shapes(2)) {
            if (shape.type() == KvLayout.Type.F32) {
                continue;
            }
            for (int first : new int[] {3, 70, 600}) {
                AttentionProblem problem = new Case(shape, first, 1).problem(Values.GAUSSIAN);
                problem.poison(first, 70_000f);
                for (float number : problem.run(form.ops().attention(), teams.getFirst())) {
                    assertThat(Float.isFinite(number))
                            .as("%s at position %d, seed %d", number, first, SEED)
                            .isFalse();
                }
            }
        }
    }

    @Test
    void headsThatDoNotGroupAreRefused() {
        KvLayout layout = new KvLayout(1, 3, 8, 8, KvLayout.Type.F32);
        try (Arena arena = Arena.ofConfined()) {
            for (int heads : new int[] {1, 2, 4, 8}) {
                assertThatThrownBy(() -> new AttentionWorkspace(arena, layout, heads, 64, 1))
                        .isInstanceOf(ExcitorException.Mismatch.class)
                        .hasMessageContaining("3 kv heads");
            }
        }
    }
}
