package dev.excitor.cli.bench;

import dev.excitor.loaders.conversion.FileType;
import dev.excitor.model.Model;
import dev.excitor.model.adapter.Strategy;
import dev.excitor.model.arch.Decoder;
import dev.excitor.model.arch.Dimensions;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.Metadata;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kv.KvLayout;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What is known of a configuration once it is ready to run.
///
/// @param modelType     for people: `llama 1.24 B Q4_0`
/// @param modelBytes    of all tensors
/// @param parameters    numbers in all tensors
/// @param kernel        the kernels chosen, the one with the most weights first: `native(avx512)+vector(512)`
/// @param vectorBits    width of the portable vector operations, 0 where only scalar ones run
/// @param gpu           the name of the GPU that is used, or `none`
/// @param strategy      how the adapter's extra keys reach the scores, if there is an adapter
/// @param bytesPerToken read for each generated token: all matrices, the output matrix too, and the cache
record Facts(
        String modelType,
        long modelBytes,
        long parameters,
        String kernel,
        int vectorBits,
        String gpu,
        Optional<Strategy> strategy,
        double bytesPerToken) {

    static Facts of(Configuration configuration, Stage stage) {
        Model model = stage.model();
        Collection<Tensor> tensors = model.checkpoint().tensors();
        long parameters =
                tensors.stream().mapToLong(tensor -> tensor.shape().elements()).sum();
        return new Facts(
                modelType(model.checkpoint(), parameters),
                tensors.stream().mapToLong(tensor -> tensor.data().byteSize()).sum(),
                parameters,
                kernels(model, configuration.workload()),
                model.engine().vectorBits(),
                model.engine().gpu().name(),
                stage.strategy(),
                bytesPerToken(configuration, model));
    }

    private static String modelType(Checkpoint file, long parameters) {
        Metadata metadata = file.metadata();
        return String.format(
                Locale.ROOT,
                "%s %.1f%s %s",
                metadata.findString("general.architecture").orElse("unknown"),
                parameters >= 1e9 ? parameters / 1e9 : parameters / 1e6,
                parameters >= 1e9 ? "B" : "M",
                fileType(file));
    }

    /// The mix of formats that the file states, or the format that holds the most bytes.
    private static String fileType(Checkpoint file) {
        long stated = file.metadata().findLong("general.file_type").orElse(-1);
        return Arrays.stream(FileType.values())
                .filter(type -> type.fileType() == stated)
                .map(FileType::name)
                .findFirst()
                .orElseGet(() -> mostOf(file.tensors()));
    }

    private static String mostOf(Collection<Tensor> tensors) {
        Map<String, Long> bytes = new HashMap<>();
        tensors.forEach(
                tensor -> bytes.merge(tensor.format().name(), tensor.data().byteSize(), Long::sum));
        return bytes.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse("empty");
    }

    private static String kernels(Model model, Workload work) {
        Map<String, Long> bytes = new HashMap<>();
        for (Decoder.NamedLinear matrix : model.matrices()) {
            Set<String> names = new LinkedHashSet<>();
            if (work.prompt() > 0) {
                names.add(name(matrix.linear().prefill()));
            }
            if (work.generated() > 0) {
                names.add(name(matrix.linear().decode()));
            }
            names.forEach(
                    name -> bytes.merge(name, matrix.linear().weights().data().byteSize(), Long::sum));
        }
        return String.join(
                "+",
                bytes.entrySet().stream()
                        .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                                .thenComparing(Map.Entry.comparingByKey()))
                        .map(Map.Entry::getKey)
                        .toList());
    }

    private static String name(Kernels.Choice choice) {
        return choice.kernel().name();
    }

    private static double bytesPerToken(Configuration configuration, Model model) {
        Dimensions dims = model.dimensions();
        long weights = model.matrices().stream()
                .mapToLong(matrix -> matrix.linear().weights().data().byteSize())
                .sum();
        KvLayout cache = new KvLayout(
                dims.layers(),
                dims.kvHeads(),
                dims.keyDim(),
                dims.valueDim(),
                configuration.setup().cache());
        return weights + cache.bytesPerPosition() * configuration.workload().meanPositions();
    }
}
