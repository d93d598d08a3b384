package dev.excitor.runtime;

import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.vector.Lanes;

/// How an [Engine] computes.
///
/// @param threads    members of the team; 0 takes as many as this process may use, see [Cpu#usableThreads]
/// @param tier       which kernels are considered
/// @param vectorBits 128, 256 or 512, or 0 for what the CPU prefers
/// @param gpu        what a GPU takes over
public record EngineOptions(int threads, Kernels.Tier tier, int vectorBits, GpuOptions gpu) {
    public EngineOptions {
        if (threads < 0 || threads > 1024) {
            throw new ExcitorException.InvalidOption(
                    "the number of threads (-t)", "from 1 to 1024, or 0 for all that may be used", threads);
        }
        if (vectorBits != 0 && !Lanes.WIDTHS.contains(vectorBits)) {
            throw new ExcitorException.InvalidOption(
                    "the vector width", "one of " + Lanes.WIDTHS + " bits, or 0", vectorBits);
        }
    }

    /// Without a GPU.
    public EngineOptions(int threads, Kernels.Tier tier, int vectorBits) {
        this(threads, tier, vectorBits, GpuOptions.none());
    }

    public static EngineOptions defaults() {
        return new EngineOptions(0, Kernels.Tier.AUTO, 0);
    }

    public EngineOptions withThreads(int threads) {
        return new EngineOptions(threads, tier, vectorBits, gpu);
    }

    public EngineOptions withTier(Kernels.Tier tier) {
        return new EngineOptions(threads, tier, vectorBits, gpu);
    }

    public EngineOptions withVectorBits(int vectorBits) {
        return new EngineOptions(threads, tier, vectorBits, gpu);
    }

    public EngineOptions withGpu(GpuOptions gpu) {
        return new EngineOptions(threads, tier, vectorBits, gpu);
    }
}
