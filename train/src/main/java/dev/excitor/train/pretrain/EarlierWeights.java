package dev.excitor.train.pretrain;

import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.model.tokenizer.Vocabulary;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.train.pretrain.LlamaParameters.Part;
import java.nio.file.Path;

/// Takes up the weights of a model that was made earlier, of the same sizes but possibly with another vocabulary: a
/// token that both have keeps its embedding, whatever its number, and a new one begins anew.
final class EarlierWeights {

    private EarlierWeights() {}

    /// @param file       a GGUF file that pretraining wrote, in any format
    /// @param vocabulary of the model that goes on
    /// @param parameters receives the weights; what has no earlier ones stays
    static void take(Path file, Vocabulary vocabulary, LlamaParameters parameters) {
        try (Checkpoint earlier = CheckpointReader.open(file, CheckpointReader.Memory.COPIED)) {
            Vocabulary old = Tokenizer.of(earlier.metadata()).vocabulary();
            for (Part part : parameters.parts()) {
                Tensor tensor = tensor(file, earlier, part, old.size(), parameters);
                float[] row = new float[part.cols()];
                for (int i = 0; i < part.rows(); i++) {
                    int from = part.equals(parameters.embedding()) ? old.find(vocabulary.token(i)) : i;
                    if (from != Vocabulary.NONE) {
                        tensor.format().decode(tensor.data(), from * tensor.rowBytes(), row, 0, row.length);
                        long at = 4L * (part.at() + i * part.cols());
                        Blocks.copyF32(row, 0, parameters.weights(), at, row.length);
                    }
                }
            }
        }
    }

    private static Tensor tensor(Path file, Checkpoint earlier, Part part, int tokens, LlamaParameters parameters) {
        String name = part.name() + ".weight";
        Tensor tensor = earlier.find(name)
                .orElseThrow(() -> new ExcitorException.MalformedFile(
                        file, -1, "the tensor %s is missing, which a model to go on from needs".formatted(name)));
        int rows = part.equals(parameters.embedding()) ? tokens : part.rows();
        Shape expected = part.isMatrix() ? new Shape(rows, part.cols()) : Shape.vector(part.cols());
        if (!tensor.shape().equals(expected)) {
            throw new ExcitorException.MalformedFile(
                    file,
                    -1,
                    "the tensor %s is %s where a model to go on from has %s".formatted(name, tensor.shape(), expected));
        }
        return tensor;
    }
}
