package dev.excitor.cli.bench;

import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kv.KvLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/// Everything that is varied: each list is combined with every other.
///
/// @param adapters  each is measured beside the model without one
/// @param workloads at depth 0
/// @param depths    that each workload is measured at
public record Axes(
        List<Path> models,
        List<Kernels.Tier> tiers,
        List<Integer> gpuLayers,
        List<Integer> threads,
        List<Integer> batches,
        List<Integer> microBatches,
        List<KvLayout.Type> caches,
        List<AdapterFile> adapters,
        List<Workload> workloads,
        List<Integer> depths) {

    /// The product of all lists, without repetitions, workloads fastest.
    List<Configuration> configurations() {
        List<Configuration> all = new ArrayList<>();
        for (Setup setup : setups()) {
            for (int depth : depths) {
                for (Workload work : workloads) {
                    all.add(new Configuration(setup, new Workload(work.prompt(), work.generated(), depth)));
                }
            }
        }
        return all.stream().distinct().toList();
    }

    private List<Setup> setups() {
        List<Setup> setups = models.stream().map(Setup::of).toList();
        setups = vary(setups, tiers, Setup::tier);
        setups = vary(setups, gpuLayers, Setup::gpuLayers);
        setups = vary(setups, threads, Setup::threads);
        setups = vary(setups, batches, Setup::batch);
        setups = vary(setups, microBatches, Setup::microBatch);
        setups = vary(setups, caches, Setup::cache);
        return vary(setups, offAndOn(), Setup::adapter);
    }

    private List<Optional<AdapterFile>> offAndOn() {
        return Stream.concat(
                        Stream.of(Optional.<AdapterFile>empty()),
                        adapters.stream().map(Optional::of))
                .toList();
    }

    /// Each setup with each of the values.
    private static <T> List<Setup> vary(List<Setup> setups, List<T> values, BiFunction<Setup, T, Setup> with) {
        return setups.stream()
                .flatMap(setup -> values.stream().map(value -> with.apply(setup, value)))
                .toList();
    }
}
