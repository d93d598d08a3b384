package dev.excitor.train.pretrain;

import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import dev.excitor.train.pretrain.LlamaParameters.Part;
import dev.excitor.train.vocabulary.StoryVocabulary;
import java.io.IOException;
import java.nio.file.Path;

/// Writes a model that was learned here as a GGUF file.
final class ModelFile {

    /// `general.file_type` of llama.cpp for files whose matrices are all of one format.
    private enum FileType {
        F32(0),
        F16(1),
        Q4_0(2),
        Q8_0(7);

        final int number;

        FileType(int number) {
            this.number = number;
        }
    }

    private final PretrainingSettings settings;
    private final StoryVocabulary vocabulary;
    private final LlamaParameters parameters;

    ModelFile(PretrainingSettings settings, StoryVocabulary vocabulary, LlamaParameters parameters) {
        this.settings = settings;
        this.vocabulary = vocabulary;
        this.parameters = parameters;
    }

    /// @param format of the matrices; vectors are f32
    void write(Path target, Format format) throws IOException {
        LlamaShape shape = parameters.shape();
        GgufWriter writer = new GgufWriter(target)
                .string("general.architecture", "llama")
                .string("general.type", "model")
                .string("general.name", "Excitor story")
                .string("general.license", "apache-2.0")
                .string(
                        "general.description",
                        "Stories, questions and answers of a seeded grammar; made by excitor pretrain, seed %d, %d steps"
                                .formatted(settings.seed(), settings.steps()))
                .uint32("general.file_type", FileType.valueOf(format.name()).number)
                .uint32("general.quantization_version", 2)
                .uint32("llama.block_count", shape.layers())
                .uint32("llama.context_length", shape.context())
                .uint32("llama.embedding_length", shape.width())
                .uint32("llama.feed_forward_length", shape.ffn())
                .uint32("llama.attention.head_count", shape.heads())
                .uint32("llama.attention.head_count_kv", shape.kvHeads())
                .uint32("llama.attention.key_length", shape.headSize())
                .uint32("llama.attention.value_length", shape.headSize())
                .float32("llama.attention.layer_norm_rms_epsilon", LlamaShape.EPSILON)
                .float32("llama.rope.freq_base", LlamaShape.ROPE_BASE)
                .uint32("llama.rope.dimension_count", shape.headSize())
                .uint32("llama.vocab_size", shape.vocabulary());
        vocabulary.write(writer);
        for (Part part : parameters.parts()) {
            Format stored = part.isMatrix() ? format : Formats.of("F32");
            Shape extent = part.isMatrix() ? new Shape(part.rows(), part.cols()) : Shape.vector(part.cols());
            writer.tensor(part.name() + ".weight", stored, extent, (from, rows, data) -> {
                float[] numbers = new float[rows * part.cols()];
                Blocks.copyF32(parameters.weights(part), 4L * from * part.cols(), numbers, 0, numbers.length);
                stored.encode(numbers, 0, numbers.length, data, 0);
            });
        }
        writer.write();
    }
}
