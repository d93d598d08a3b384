package dev.excitor.runtime.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.team.Team;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What every operation on rows promises: an operation is covered as soon as it stands in [RowOp#ALL].
///
/// The scalar form is the definition; the vector forms are proved equal to it at every width, on ordinary
/// and on hostile numbers.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RowOpContractTest {

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

    static Stream<Arguments> cases() {
        return RowOp.ALL.stream()
                .flatMap(op -> Stream.of(Values.values())
                        .flatMap(values -> Form.fast().stream().map(form -> Arguments.of(op, values, form))));
    }

    static Stream<Arguments> opsAndForms() {
        return RowOp.ALL.stream().flatMap(op -> Form.all().stream().map(form -> Arguments.of(op, form)));
    }

    /// Every length up to a few vectors of each width, and what lies beside powers of two.
    private static IntStream widths(RowOp op) {
        return IntStream.concat(IntStream.rangeClosed(1, 70), IntStream.of(127, 128, 129, 255, 258, 4098))
                .filter(op.widths());
    }

    @Test
    void everyOperationHasAContract() {
        Collection<String> covered = new TreeSet<>(List.of("attention", "blas1", "extraKeys", "gemm", "gradients"));
        RowOp.ALL.forEach(op -> covered.add(op.component()));
        assertThat(covered)
                .as("components of Ops; those that are not rows in, rows out have contracts of their own")
                .containsExactlyElementsOf(new TreeSet<>(Arrays.stream(Ops.class.getRecordComponents())
                        .map(RecordComponent::getName)
                        .toList()));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithTheDefinition(RowOp op, Values values, Form form) {
        Random random = new Random(SEED);
        widths(op).forEach(width -> {
            int n = width > 1000 ? 2 : 3;
            float[][] in = op.inputs(random, values, n, width);
            float[] expected = op.run(Form.DEFINITION.ops(), teams.getFirst(), in, n, width);
            float[] actual = op.run(form.ops(), teams.getFirst(), in, n, width);
            for (int i = 0; i < expected.length; i++) {
                double bound = op.bound().of(in, i / width, width, i % width, expected[i]);
                if (!agrees(actual[i], expected[i], bound)) {
                    assertThat(actual[i])
                            .as(
                                    "number %d of row %d of %d, within %s, seed %d",
                                    i % width, i / width, width, bound, SEED)
                            .isEqualTo(expected[i]);
                }
            }
        });
    }

    /// Where the definition has no number there is none; which of NaN and the infinities is not part of the promise.
    private static boolean agrees(float actual, float expected, double bound) {
        if (bound == 0) {
            return Float.floatToIntBits(actual) == Float.floatToIntBits(expected);
        }
        return Float.isFinite(expected) ? Math.abs((double) actual - expected) <= bound : !Float.isFinite(actual);
    }

    @ParameterizedTest
    @MethodSource("opsAndForms")
    void theNumberOfThreadsChangesNoBit(RowOp op, Form form) {
        Random random = new Random(SEED);
        widths(op).filter(width -> width % 7 == 0 || width > 70).forEach(width -> {
            int n = 4;
            float[][] in = op.inputs(random, Values.GAUSSIAN, n, width);
            float[] alone = op.run(form.ops(), teams.getFirst(), in, n, width);
            for (Team team : teams) {
                assertThat(Buffers.bits(op.run(form.ops(), team, in, n, width)))
                        .as("width %d with %d threads, seed %d", width, team.size(), SEED)
                        .isEqualTo(Buffers.bits(alone));
            }
        });
    }

    @ParameterizedTest
    @MethodSource("opsAndForms")
    void rowsThatFollowChangeNoBit(RowOp op, Form form) {
        Random random = new Random(SEED);
        widths(op).filter(width -> width % 5 == 0 || width > 70).forEach(width -> {
            int n = 4;
            float[][] in = op.inputs(random, Values.GAUSSIAN, n, width);
            float[] before = op.run(form.ops(), teams.getFirst(), in, n, width);
            for (int later = n - 1; later > 0; later--) {
                for (int matrix = 0; matrix < op.matrices(); matrix++) {
                    Arrays.fill(in[matrix], later * width, n * width, Float.NaN);
                }
                float[] after = op.run(form.ops(), teams.getFirst(), in, n, width);
                assertThat(Buffers.bits(Arrays.copyOf(after, later * width)))
                        .as("the first %d rows of %d, seed %d", later, width, SEED)
                        .isEqualTo(Buffers.bits(Arrays.copyOf(before, later * width)));
                assertThat(Float.isNaN(after[n * width - 1]))
                        .as("the last number")
                        .isTrue();
            }
        });
    }
}
