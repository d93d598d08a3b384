package dev.excitor.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.kernel.Kernels.Tier;
import dev.excitor.runtime.kv.KvLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BenchPlanTest {

    private static final Path MODEL = Path.of("m.gguf");

    private static final Workload PP = new Workload(8, 0, 0);
    private static final Workload TG = new Workload(0, 4, 0);

    @Test
    void roundsMeasureEveryConfigurationOnceBeforeAnyIsMeasuredAgain() {
        Plan plan = Plan.of(axes(List.of(1, 2), List.of(), List.of(PP, TG), List.of(0)), 3);
        List<Plan.Step> steps = plan.steps();
        assertThat(steps).hasSize(12);
        for (int round = 0; round < 3; round++) {
            List<Plan.Step> part = steps.subList(4 * round, 4 * round + 4);
            assertThat(part).extracting(Plan.Step::round).containsOnly(round);
            assertThat(part).extracting(Plan.Step::configuration).isEqualTo(plan.configurations());
        }
    }

    @Test
    void listsAreMultiplied() {
        Axes axes = new Axes(
                List.of(MODEL, Path.of("n.gguf")),
                List.of(Tier.SCALAR, Tier.VECTOR),
                List.of(0, 99),
                List.of(1, 2, 3),
                List.of(2048, 64),
                List.of(512, 32),
                List.of(KvLayout.Type.F32, KvLayout.Type.F16),
                List.of(new AdapterFile(Path.of("a.gguf"), 1)),
                List.of(PP, TG),
                List.of(0, 16));
        List<Configuration> all = Plan.of(axes, 1).configurations();
        assertThat(all).hasSize(2 * 2 * 2 * 3 * 2 * 2 * 2 * 2 * 2 * 2).doesNotHaveDuplicates();
        assertThat(all.getFirst().setup())
                .isEqualTo(new Setup(MODEL, Tier.SCALAR, 0, 1, 2048, 512, KvLayout.Type.F32, Optional.empty()));
    }

    @Test
    void workloadsChangeFastestAndRepetitionsInListsCountOnce() {
        assertThat(Plan.of(axes(List.of(1, 1), List.of(), List.of(PP, TG), List.of(0, 16, 0)), 1)
                        .configurations())
                .extracting(each -> each.workload().name())
                .containsExactly("pp8", "tg4", "pp8 @ d16", "tg4 @ d16");
    }

    @Test
    void eachAdapterStandsBesideTheModelWithoutOne() {
        AdapterFile full = new AdapterFile(Path.of("dir/a.gguf"), 1);
        AdapterFile half = new AdapterFile(Path.of("dir/a.gguf"), 0.5f);
        assertThat(Plan.of(axes(List.of(1), List.of(full, half), List.of(TG), List.of(0)), 1)
                        .configurations())
                .extracting(each -> each.setup().adapter().map(AdapterFile::toString))
                .containsExactly(Optional.empty(), Optional.of("a.gguf"), Optional.of("a.gguf:0.5"));
    }

    @Test
    void theDeepestWorkloadSaysHowLargeTheCacheIs() {
        Plan plan = Plan.of(axes(List.of(1), List.of(), List.of(PP, TG), List.of(0, 100)), 1);
        assertThat(plan.context(plan.configurations().getFirst().setup())).isEqualTo(108);
    }

    @Test
    void testsAreNamedAsLlamaBenchNamesThem() {
        assertThat(PP.name()).isEqualTo("pp8");
        assertThat(TG.name()).isEqualTo("tg4");
        assertThat(new Workload(512, 128, 0).name()).isEqualTo("pp512+tg128");
        assertThat(new Workload(0, 128, 4096).name()).isEqualTo("tg128 @ d4096");
    }

    @Test
    void aGeneratedTokenReadsAllPositionsBeforeItAndItsOwn() {
        assertThat(new Workload(0, 1, 0).meanPositions()).isEqualTo(1);
        assertThat(new Workload(0, 3, 10).meanPositions()).isEqualTo((11 + 12 + 13) / 3.0);
    }

    private static Axes axes(
            List<Integer> threads, List<AdapterFile> adapters, List<Workload> workloads, List<Integer> depths) {
        return new Axes(
                List.of(MODEL),
                List.of(Tier.AUTO),
                List.of(0),
                threads,
                List.of(2048),
                List.of(512),
                List.of(KvLayout.Type.F32),
                adapters,
                workloads,
                depths);
    }
}
