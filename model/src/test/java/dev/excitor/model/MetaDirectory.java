package dev.excitor.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.excitor.model.tokenizer.TokenizerModelFile;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import dev.excitor.runtime.checkpoint.Metadata;
import dev.excitor.runtime.format.Format;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// Writes a GGUF model as Meta's directory of the same weights, in one file or cut for several GPUs as Meta cuts it.
final class MetaDirectory {

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Map<String, String> NAMES = Map.ofEntries(
            Map.entry("token_embd", "tok_embeddings"),
            Map.entry("output_norm", "norm"),
            Map.entry("output", "output"),
            Map.entry("attn_norm", "attention_norm"),
            Map.entry("attn_q", "attention.wq"),
            Map.entry("attn_k", "attention.wk"),
            Map.entry("attn_v", "attention.wv"),
            Map.entry("attn_output", "attention.wo"),
            Map.entry("ffn_norm", "ffn_norm"),
            Map.entry("ffn_gate", "feed_forward.w1"),
            Map.entry("ffn_down", "feed_forward.w2"),
            Map.entry("ffn_up", "feed_forward.w3"));

    private static final List<String> CUT_BY_COLS = List.of("attn_output", "ffn_down");

    private MetaDirectory() {}

    static Path write(Path gguf, Path folder, int files) {
        return write(gguf, folder, files, false, params -> {});
    }

    /// @param files        into how many files the weights are cut
    /// @param embeddingByRows whether the embedding is cut by rows, as since Llama 3
    /// @param change       what is to be different in `params.json`
    static Path write(Path gguf, Path folder, int files, boolean embeddingByRows, Consumer<ObjectNode> change) {
        try (Checkpoint model = CheckpointReader.open(gguf, Memory.MAPPED)) {
            Files.createDirectories(folder);
            ObjectNode params = params(model.metadata());
            change.accept(params);
            JSON.writeValue(folder.resolve("params.json").toFile(), params);
            for (int i = 0; i < files; i++) {
                writeWeights(model, folder.resolve("consolidated.%02d.pth".formatted(i)), i, files, embeddingByRows);
            }
            Files.write(folder.resolve("tokenizer.model"), TokenizerModelFile.of(model.metadata()));
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ObjectNode params(Metadata m) {
        ObjectNode params = JSON.createObjectNode();
        params.put("dim", m.integer("llama.embedding_length"));
        params.put("n_layers", m.integer("llama.block_count"));
        params.put("n_heads", m.integer("llama.attention.head_count"));
        params.put("n_kv_heads", m.integer("llama.attention.head_count_kv"));
        params.put("multiple_of", 32);
        params.put("norm_eps", m.number("llama.attention.layer_norm_rms_epsilon", 0));
        params.put("vocab_size", -1);
        return params;
    }

    /// Vectors are stored in the matrices' type, as everything is in Meta's files.
    private static void writeWeights(Checkpoint model, Path path, int part, int parts, boolean embeddingByRows)
            throws IOException {
        Format format = model.find("token_embd.weight").orElseThrow().format();
        var writer = new TorchWriter();
        for (Tensor tensor : model.tensors()) {
            List<String> name = List.of(tensor.name().split("\\.", -1));
            String matrix = name.get(name.size() - 2);
            String meta = (name.size() == 4 ? "layers." + name.get(1) + "." : "") + NAMES.get(matrix) + ".weight";
            if (tensor.shape().rows() == 1) {
                writer.tensor(meta, format, List.of(tensor.shape().cols()), vector(tensor, format));
            } else if (CUT_BY_COLS.contains(matrix) || (matrix.equals("token_embd") && !embeddingByRows)) {
                int cols = tensor.shape().cols() / parts;
                writer.tensor(meta, format, List.of(tensor.shape().rows(), cols), columns(tensor, part * cols, cols));
            } else {
                int rows = tensor.shape().rows() / parts;
                writer.tensor(
                        meta,
                        format,
                        List.of(rows, tensor.shape().cols()),
                        TorchWriter.bytes(tensor.data()
                                .asSlice((long) part * rows * tensor.rowBytes(), rows * tensor.rowBytes())));
            }
        }
        writer.write(path);
    }

    private static byte[] vector(Tensor tensor, Format format) {
        int count = tensor.shape().cols();
        float[] numbers = new float[count];
        tensor.format().decode(tensor.data(), 0, numbers, 0, count);
        try (var arena = Arena.ofConfined()) {
            var data = arena.allocate(format.rowBytes(count));
            format.encode(numbers, 0, count, data, 0);
            return TorchWriter.bytes(data);
        }
    }

    private static byte[] columns(Tensor tensor, int from, int count) {
        long size = tensor.rowBytes() / tensor.shape().cols();
        var bytes = new ByteArrayOutputStream();
        for (long row = 0; row < tensor.shape().rows(); row++) {
            bytes.writeBytes(
                    TorchWriter.bytes(tensor.data().asSlice(row * tensor.rowBytes() + from * size, count * size)));
        }
        return bytes.toByteArray();
    }
}
