package dev.excitor.train.task;

import dev.excitor.model.Model;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.adapter.ExcitorConfig;
import dev.excitor.model.arch.llama.LlamaDecoder;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.train.adapter.ExcitorParameters;
import dev.excitor.train.decoder.TrainingDecoder;
import dev.excitor.train.ops.Sequences;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/// How much of a model's attention a finished adapter moves.
public final class AttentionMoved {

    private AttentionMoved() {}

    /// For each layer, the share of attention that went elsewhere, a mean over the heads and tokens of a text.
    ///
    /// @param adapter a file in the base's own order of channels
    public static double[] of(Model model, Path adapter, int[] tokens) {
        if (!(model.decoder() instanceof LlamaDecoder llama)) {
            throw new ExcitorException.Unsupported(
                    "attention of " + model.checkpoint().path(), List.of("llama"));
        }
        try (Arena arena = Arena.ofShared();
                Checkpoint file = CheckpointReader.open(adapter, CheckpointReader.Memory.COPIED)) {
            ExcitorConfig config = Adapter.open(adapter).config();
            if (config.ropeLayout() != ExcitorConfig.RopeLayout.INTERLEAVED) {
                throw new ExcitorException.Unsupported(
                        adapter + ": rope_layout " + config.ropeLayout(), List.of("interleaved"));
            }
            ExcitorParameters parameters = new ExcitorParameters(arena, config);
            for (ExcitorParameters.Part part : parameters.parts()) {
                String name =
                        "blk.%d.excitor.%s".formatted(part.layer(), part.kind().tensor());
                Tensor tensor = file.find(name)
                        .orElseThrow(() ->
                                new ExcitorException.MalformedFile(adapter, -1, "the tensor " + name + " is missing"));
                float[] numbers = new float[part.size()];
                tensor.format().decode(tensor.data(), 0, numbers, 0, numbers.length);
                Blocks.copyF32(numbers, 0, parameters.values(), part.byteAt(), numbers.length);
            }
            int[] unscored = new int[tokens.length];
            Arrays.fill(unscored, Sequences.UNSCORED);
            try (TrainingDecoder decoder = new TrainingDecoder(
                    llama.config(), llama.weights(), model.engine(), parameters, null, tokens.length)) {
                return decoder.attentionMoved(new Sequences(tokens, unscored, new int[] {0, tokens.length}));
            }
        }
    }
}
