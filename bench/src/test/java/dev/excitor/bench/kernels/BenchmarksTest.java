package dev.excitor.bench.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.kernel.Kernels;
import java.util.Arrays;
import java.util.Collection;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/// Benchmarks are run by hand; here each runs for a moment on something tiny, so that it still does when it is needed.
class BenchmarksTest {

    @ParameterizedTest
    @EnumSource
    void everyBenchmarkRunsOnEveryTier(Kernels.Tier tier) throws RunnerException {
        requireTier(tier);
        Collection<RunResult> results = Stream.of(
                        run(tier, MatMulBenchmark.class, "format=Q4_0", "n=1", "rows=32", "cols=256"),
                        run(tier, MatMulBenchmark.class, "format=Q6_K", "n=16", "rows=32", "cols=256"),
                        run(tier, AttentionBenchmark.class, "first=9", "n=3", "heads=4", "kvHeads=2", "cache=F16"),
                        run(tier, OpsBenchmark.class, "n=2", "width=128"))
                .flatMap(Collection::stream)
                .toList();
        assertThat(results).as("products, attention and operations").hasSizeGreaterThan(7);
        for (RunResult result : results) {
            assertThat(result.getPrimaryResult().getScore())
                    .as("%s on %s", result.getParams().getBenchmark(), tier)
                    .isPositive();
            assertThat(result.getSecondaryResults()).containsKeys("bytes", "operations");
            result.getSecondaryResults()
                    .forEach((name, counter) ->
                            assertThat(counter.getScore()).as(name).isPositive());
        }
    }

    private static void requireTier(Kernels.Tier tier) {
        try {
            Kernels.of(tier, 0).close();
        } catch (ExcitorException.Unsupported missing) {
            Assumptions.abort("SKIPPED: " + missing.getMessage());
        }
    }

    private static Collection<RunResult> run(Kernels.Tier tier, Class<?> benchmark, String... params)
            throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include(benchmark.getName())
                .forks(0)
                .warmupIterations(0)
                .measurementIterations(1)
                .measurementTime(TimeValue.milliseconds(5))
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .param("tier", tier.name());
        for (String param : params) {
            String[] parts = param.split("=", 2);
            options.param(parts[0], parts[1]);
        }
        return new Runner(options.build()).run();
    }

    @Test
    void productsAreMeasuredInEveryFormat() throws NoSuchFieldException {
        Param formats = MatMulBenchmark.class.getDeclaredField("format").getAnnotation(Param.class);
        assertThat(Arrays.asList(formats.value())).isEqualTo(Formats.names());
    }
}
