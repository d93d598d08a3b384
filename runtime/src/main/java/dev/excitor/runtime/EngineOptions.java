package dev.excitor.runtime;

import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.vector.Lanes;

/// How an [Engine] computes.
///
/// @param threads      threads of a single token; 0 takes as many as this process may use, see [Cpu#usableThreads]
/// @param batchThreads threads of several tokens that go together, as those of a prompt: single tokens wait for memory
///                     and may want fewer; 0 for as many as `threads`
/// @param tier         which kernels are considered
/// @param vectorBits   128, 256 or 512, or 0 for what the CPU prefers
/// @param gpu          what a GPU takes over
public record EngineOptions(int threads, int batchThreads, Kernels.Tier tier, int vectorBits, GpuOptions gpu) {

    private static final int MOST_THREADS = 1024;

    public EngineOptions {
        if (threads < 0 || threads > MOST_THREADS) {
            throw new ExcitorException.InvalidOption(
                    "the number of threads (-t)", "from 1 to 1024, or 0 for all that may be used", threads);
        }
        if (batchThreads < 0 || batchThreads > MOST_THREADS) {
            throw new ExcitorException.InvalidOption(
                    "the number of threads of a batch (-tb)", "from 1 to 1024, or 0 for as many as -t", batchThreads);
        }
        if (vectorBits != 0 && !Lanes.WIDTHS.contains(vectorBits)) {
            throw new ExcitorException.InvalidOption(
                    "the vector width", "one of " + Lanes.WIDTHS + " bits, or 0", vectorBits);
        }
    }

    /// As many threads for several tokens as for one, and no GPU.
    public EngineOptions(int threads, Kernels.Tier tier, int vectorBits) {
        this(threads, 0, tier, vectorBits, GpuOptions.none());
    }

    public static EngineOptions defaults() {
        return new EngineOptions(0, Kernels.Tier.AUTO, 0);
    }

    /// Threads of a single token, where `threads` may leave them open.
    public int actualThreads() {
        return threads == 0 ? Cpu.usableThreads() : threads;
    }

    /// Threads of several tokens, where `batchThreads` may leave them open.
    public int actualBatchThreads() {
        return batchThreads == 0 ? actualThreads() : batchThreads;
    }

    public EngineOptions withThreads(int threads) {
        return new EngineOptions(threads, batchThreads, tier, vectorBits, gpu);
    }

    public EngineOptions withBatchThreads(int batchThreads) {
        return new EngineOptions(threads, batchThreads, tier, vectorBits, gpu);
    }

    public EngineOptions withTier(Kernels.Tier tier) {
        return new EngineOptions(threads, batchThreads, tier, vectorBits, gpu);
    }

    public EngineOptions withVectorBits(int vectorBits) {
        return new EngineOptions(threads, batchThreads, tier, vectorBits, gpu);
    }

    public EngineOptions withGpu(GpuOptions gpu) {
        return new EngineOptions(threads, batchThreads, tier, vectorBits, gpu);
    }
}
