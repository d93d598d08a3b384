package dev.excitor.runtime.kernel.cublas;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.GpuOptions;
import dev.excitor.runtime.team.Team;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// A device that is ready, or the reason why there is none.
sealed interface Device {

    /// What is left free for the activations of sessions and for cuBLAS itself where no budget was given.
    long RESERVE_BYTES = 1L << 30;

    /// @param budget bytes that weights may take
    record Ready(Gpu gpu, HalfPacking packing, WeightUpload upload, long budget) implements Device {}

    /// @param reason a clause
    record Absent(String reason) implements Device {}

    /// Takes the newest version of CUDA that works here, and its first device. Works means that a product comes out
    /// right: what the libraries promise is seen once before anything relies on it.
    static Device open(GpuOptions options, Team team) {
        List<String> reasons = new ArrayList<>();
        for (int version : CudaLibraries.VERSIONS) {
            switch (CudaLibraries.find(version, options.cuda())) {
                case CudaLibraries.Usable found -> {
                    try {
                        return open(found.libraries(), options, team);
                    } catch (ExcitorException refused) {
                        reasons.add(found.libraries().runtime().file() + ": " + clause(refused));
                    }
                }
                case CudaLibraries.Unusable unusable -> reasons.add(unusable.reason());
                case CudaLibraries.NotThere nothing -> {}
            }
        }
        return new Absent(reasons.isEmpty() ? nothingFound(options.cuda()) : String.join("; ", reasons));
    }

    private static Device open(CudaLibraries libraries, GpuOptions options, Team team) {
        if (libraries.runtime().deviceCount() == 0) {
            throw new ExcitorException.NativeCall("cudaGetDeviceCount", 0, "there is no device");
        }
        Gpu gpu = new Gpu(libraries);
        try {
            long free = gpu.facts().memory().free();
            long budget = options.memory() == 0 ? Math.max(0, free - RESERVE_BYTES) : options.memory();
            Ready device = new Ready(gpu, new HalfPacking(gpu), new WeightUpload(gpu, team), budget);
            TrialProduct.run(device, team);
            return device;
        } catch (RuntimeException | Error failure) {
            gpu.close();
            throw failure;
        }
    }

    private static String nothingFound(Optional<Path> folder) {
        String names =
                CudaLibraries.VERSIONS.stream().map(CudaLibraries::runtimeName).collect(Collectors.joining(", "));
        return "none of " + names + " was found " + CudaLibraries.places(folder);
    }

    /// A message as part of another sentence.
    static String clause(ExcitorException failure) {
        String sentence = String.valueOf(failure.getMessage());
        return sentence.endsWith(".") ? sentence.substring(0, sentence.length() - 1) : sentence;
    }
}
