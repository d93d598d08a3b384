package dev.excitor.cli;

import dev.excitor.runtime.GpuOptions;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// How a GPU is used, but for how many layers it takes.
final class GpuFlags {

    @Option(
            names = "--gpu-memory",
            paramLabel = "SIZE",
            defaultValue = "0",
            converter = ByteSize.class,
            description =
                    "GPU memory for weights, such as 6G or 512M; layers that do not fit stay on the CPU; 0 for all"
                            + " that is free but 1G (default: ${DEFAULT-VALUE}).")
    private long memory;

    @Option(
            names = "--gpu-rows",
            paramLabel = "N",
            defaultValue = "" + GpuOptions.DEFAULT_ROWS,
            description = "Fewest tokens of a pass for which the GPU is used (default: ${DEFAULT-VALUE}).")
    private int rows;

    @Option(
            names = "--cuda-path",
            paramLabel = "DIR",
            description = "Where CUDA's libraries are, if not in the usual places.")
    private @Nullable Path cuda;

    /// @param layers that the GPU takes
    GpuOptions options(int layers) {
        return new GpuOptions(layers, memory, rows, Optional.ofNullable(cuda));
    }
}
