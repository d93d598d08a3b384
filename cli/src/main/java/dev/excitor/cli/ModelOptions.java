package dev.excitor.cli;

import dev.excitor.model.Model;
import dev.excitor.models.Shipped;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.kernel.Kernels;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Which model a command runs, and on what.
final class ModelOptions {

    @Option(
            names = {"-m", "--model"},
            paramLabel = "FILE",
            converter = GivenFile.Converter.class,
            description = "The model, a GGUF file (of a split one, the first part). Without it the small one that comes"
                    + " with the program, :story, which knows nothing but stories of its own kind.")
    private @Nullable Path model;

    @Mixin
    private EngineFlags engine = new EngineFlags();

    /// Opens the model on an engine of its own; the caller closes it.
    Model open() {
        return Model.open(path(), engine.options(), engine.memory());
    }

    Path path() {
        return model == null ? Shipped.STORY.file() : model;
    }

    /// What computes: shared by every command that binds weights.
    static final class EngineFlags {

        @Option(
                names = {"-t", "--threads"},
                paramLabel = "N",
                defaultValue = "0",
                description = "Threads; 0 takes as many as this process may use (default: ${DEFAULT-VALUE}).")
        private int threads;

        @Option(
                names = {"-tb", "--threads-batch"},
                paramLabel = "N",
                defaultValue = "0",
                description = "Threads of several tokens that go together, as in a prompt; 0 takes as many as -t"
                        + " (default: ${DEFAULT-VALUE}).")
        private int batchThreads;

        @Option(
                names = "--kernel",
                paramLabel = "TIER",
                defaultValue = "auto",
                description = "Which kernels run: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
        private Kernels.Tier kernel = Kernels.Tier.AUTO;

        @Option(
                names = "--vector-bits",
                paramLabel = "BITS",
                defaultValue = "0",
                description = "Width of the portable vector kernels: 128, 256 or 512; 0 takes the CPU's own"
                        + " (default: ${DEFAULT-VALUE}).")
        private int vectorBits;

        @Option(
                names = "--no-mmap",
                description =
                        "Read the weights into memory instead of mapping the file, into huge pages where Linux gives"
                                + " them: slower to start, safe from changes of the file.")
        private boolean noMmap;

        @Option(
                names = {"-ngl", "--gpu-layers", "--n-gpu-layers"},
                paramLabel = "N",
                defaultValue = "0",
                description =
                        "Layers that the GPU computes for prompts and in training, from the top, the output as one"
                                + " more; 99 for all (default: ${DEFAULT-VALUE}).")
        private int gpuLayers;

        @Mixin
        private GpuFlags gpu = new GpuFlags();

        EngineOptions options() {
            return new EngineOptions(threads, batchThreads, kernel, vectorBits, gpu.options(gpuLayers));
        }

        CheckpointReader.Memory memory() {
            return noMmap ? CheckpointReader.Memory.COPIED : CheckpointReader.Memory.MAPPED;
        }
    }
}
