package dev.excitor.model.tokenizer;

import dev.excitor.runtime.checkpoint.Metadata;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/// Writes the vocabulary of a GGUF file as the `tokenizer.model` that a model is published with.
public final class TokenizerModelFile {

    private TokenizerModelFile() {}

    /// SentencePiece's protobuf for LLaMA 1 and 2, lines of Base64 for Llama 3.
    public static byte[] of(Metadata metadata) {
        return metadata.string("tokenizer.ggml.model").equals("gpt2") ? ranks(metadata) : protobuf(metadata);
    }

    /// Normal tokens only: control tokens stand in no file.
    private static byte[] ranks(Metadata metadata) {
        List<byte[]> tokens = metadata.findBytes(VocabularyReader.TOKENS).orElseThrow();
        long[] types = metadata.findLongs(VocabularyReader.TYPES).orElseThrow();
        var lines = new StringBuilder();
        for (int id = 0; id < types.length && types[id] == 1; id++) {
            byte[] bytes = ByteAlphabet.read(tokens.get(id));
            lines.append(Base64.getEncoder().encodeToString(bytes))
                    .append(' ')
                    .append(id)
                    .append('\n');
        }
        return lines.toString().getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] protobuf(Metadata metadata) {
        List<byte[]> tokens = metadata.findBytes(VocabularyReader.TOKENS).orElseThrow();
        float[] scores = metadata.findFloats(VocabularyReader.SCORES).orElseThrow();
        long[] types = metadata.findLongs(VocabularyReader.TYPES).orElseThrow();
        var model = new ByteArrayOutputStream();
        for (int i = 0; i < scores.length; i++) {
            var piece = new ByteArrayOutputStream();
            message(piece, 1, tokens.get(i));
            piece.write((2 << 3) | 5);
            piece.writeBytes(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(scores[i])
                    .array());
            integer(piece, 3, types[i]);
            message(model, 1, piece.toByteArray());
        }
        var trainer = new ByteArrayOutputStream();
        integer(trainer, 3, 2); // model_type BPE
        integer(trainer, 35, 1); // byte_fallback
        message(model, 2, trainer.toByteArray());
        var normalizer = new ByteArrayOutputStream();
        message(normalizer, 1, "identity".getBytes(StandardCharsets.UTF_8));
        integer(normalizer, 3, 1); // add_dummy_prefix
        integer(normalizer, 4, 0); // remove_extra_whitespaces
        message(model, 3, normalizer.toByteArray());
        return model.toByteArray();
    }

    private static void integer(ByteArrayOutputStream out, int field, long value) {
        varint(out, (long) field << 3);
        varint(out, value);
    }

    private static void message(ByteArrayOutputStream out, int field, byte[] content) {
        varint(out, ((long) field << 3) | 2);
        varint(out, content.length);
        out.writeBytes(content);
    }

    private static void varint(ByteArrayOutputStream out, long value) {
        long rest = value;
        while (rest > 0x7f) {
            out.write((int) ((rest & 0x7f) | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }
}
