package dev.excitor.cli.bench;

import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kv.KvLayout;
import java.nio.file.Path;
import java.util.Optional;

/// What does the work.
///
/// @param model      the file
/// @param tier       kernels that are considered
/// @param gpuLayers  layers that a GPU computes, 0 for none
/// @param threads    at least 1
/// @param batch      most tokens handed over at once
/// @param microBatch most of these that go through the model together
/// @param cache      how keys and values are kept
/// @param adapter    none for the model alone
public record Setup(
        Path model,
        Kernels.Tier tier,
        int gpuLayers,
        int threads,
        int batch,
        int microBatch,
        KvLayout.Type cache,
        Optional<AdapterFile> adapter) {

    /// The model alone, with the defaults of the command.
    static Setup of(Path model) {
        return new Setup(model, Kernels.Tier.AUTO, 0, 1, 2048, 512, KvLayout.Type.F32, Optional.empty());
    }

    Setup tier(Kernels.Tier value) {
        return new Setup(model, value, gpuLayers, threads, batch, microBatch, cache, adapter);
    }

    Setup gpuLayers(int value) {
        return new Setup(model, tier, value, threads, batch, microBatch, cache, adapter);
    }

    Setup threads(int value) {
        return new Setup(model, tier, gpuLayers, value, batch, microBatch, cache, adapter);
    }

    Setup batch(int value) {
        return new Setup(model, tier, gpuLayers, threads, value, microBatch, cache, adapter);
    }

    Setup microBatch(int value) {
        return new Setup(model, tier, gpuLayers, threads, batch, value, cache, adapter);
    }

    Setup cache(KvLayout.Type value) {
        return new Setup(model, tier, gpuLayers, threads, batch, microBatch, value, adapter);
    }

    Setup adapter(Optional<AdapterFile> value) {
        return new Setup(model, tier, gpuLayers, threads, batch, microBatch, cache, value);
    }

    /// Most tokens of one pass.
    int pass() {
        return Math.min(batch, microBatch);
    }
}
