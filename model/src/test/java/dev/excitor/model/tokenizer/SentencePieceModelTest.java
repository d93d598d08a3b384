package dev.excitor.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.loaders.gguf.GgufMetadataBuilder;
import dev.excitor.loaders.sentencepiece.SentencePieceModel;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.checkpoint.Metadata;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `tokenizer.model` gives the tokens that its vocabulary gives elsewhere.
class SentencePieceModelTest {

    @TempDir
    Path folder;

    /// SentencePiece 0.2.2 itself made the file and cut the texts: BPE of 420 pieces, with byte fallback and the
    /// normalizer of LLaMA.
    @Test
    void aFileOfSentencePieceGivesItsTokens() throws IOException {
        Path file = folder.resolve("tokenizer.model");
        Files.write(file, resource("small-tokenizer.model"));
        Tokenizer tokenizer = open(file);
        assertThat(tokenizer.description()).isEqualTo("SentencePiece, 420 tokens");
        Vocabulary vocabulary = tokenizer.vocabulary();
        assertThat(List.of(vocabulary.unknown(), vocabulary.bos(), vocabulary.eos(), vocabulary.pad()))
                .containsExactly(0, 1, 2, Vocabulary.NONE);
        String cases = new String(resource("small-tokenizer.cases"), StandardCharsets.UTF_8);
        assertThat(cases.split("\n", -1)).hasSizeGreaterThan(15);
        cases.lines().forEach(line -> {
            String[] parts = line.split("\t", -1);
            String text = parts[0].translateEscapes();
            int[] expected = Arrays.stream(parts[1].split(" ", -1))
                    .mapToInt(Integer::parseInt)
                    .toArray();
            assertThat(tokenizer.encode(text, EncodeOptions.TEXT)).as(line).containsExactly(expected);
        });
    }

    /// LLaMA's vocabulary from its GGUF file, spelled as protobuf, read back: llama.cpp's 47 cases.
    @Test
    void llamasVocabularyAsProtobufGivesTheSameTokens() throws IOException {
        Path gguf = Vocabularies.shared("ggml-vocab-llama-spm.gguf");
        Path file = folder.resolve("tokenizer.model");
        try (Checkpoint checkpoint = CheckpointReader.open(gguf, CheckpointReader.Memory.COPIED)) {
            Files.write(file, protobuf(checkpoint.metadata()));
        }
        Tokenizer expected = Vocabularies.open(gguf);
        Tokenizer tokenizer = open(file);
        assertThat(tokenizer.description()).isEqualTo(expected.description());
        for (int id = 0; id < expected.vocabulary().size(); id++) {
            assertThat(tokenizer.vocabulary().tokenBytes(id))
                    .containsExactly(expected.vocabulary().tokenBytes(id));
            assertThat(tokenizer.vocabulary().type(id))
                    .isEqualTo(expected.vocabulary().type(id));
        }
        Stream<LlamaCppCasesTest.Case> cases = LlamaCppCasesTest.read(gguf);
        assertThat(cases)
                .hasSize(47)
                .allSatisfy(one -> assertThat(tokenizer.encode(one.text(), EncodeOptions.TEXT))
                        .as(one.text())
                        .containsExactly(one.tokens()));
    }

    private static Tokenizer open(Path file) {
        var metadata = new GgufMetadataBuilder();
        SentencePieceModel.read(file).addTo(metadata);
        return Tokenizer.of(metadata.build(file));
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = SentencePieceModelTest.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        }
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
