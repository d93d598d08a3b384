package dev.excitor.loaders.sentencepiece;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.excitor.loaders.attacks.RawProtobuf;
import dev.excitor.loaders.gguf.GgufMetadataBuilder;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Metadata;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// What is sound. What is not is in the attacks.
class SentencePieceReaderTest {

    private static final Path NAME = Path.of("tokenizer.model");

    @Test
    void piecesKeepTextScoreAndType() {
        SentencePieceModel model = SentencePieceReader.parse(NAME, RawProtobuf.sound());
        assertThat(model.pieces())
                .hasSize(6)
                .startsWith(new Piece("<unk>", 0, Piece.Type.UNKNOWN), new Piece("<s>", 0, Piece.Type.CONTROL))
                .endsWith(new Piece("a", -2, Piece.Type.NORMAL));
        assertThat(model.roles()).isEqualTo(new SentencePieceModel.Roles(0, 1, 2, SentencePieceModel.NONE));
        assertThat(model.spacePrefix()).isTrue();
        assertThat(SentencePieceModel.recognises(RawProtobuf.sound())).isTrue();
    }

    @Test
    void whatAFileDoesNotSayIsSentencePiecesDefault() {
        byte[] file = RawProtobuf.fields(
                RawProtobuf.message(1, RawProtobuf.string(1, "<unk>"), RawProtobuf.integer(3, 2)),
                RawProtobuf.message(1, RawProtobuf.string(1, "a")),
                RawProtobuf.message(
                        2, RawProtobuf.integer(3, 2), RawProtobuf.integer(41, -1), RawProtobuf.integer(42, -1)));
        SentencePieceModel model = SentencePieceReader.parse(NAME, file);
        assertThat(model.pieces()).endsWith(new Piece("a", 0, Piece.Type.NORMAL));
        assertThat(model.roles()).isEqualTo(new SentencePieceModel.Roles(0, -1, -1, -1));
        assertThat(model.spacePrefix()).isTrue();
    }

    @Test
    void rolesGoByNameAndType() {
        byte[] file = RawProtobuf.fields(
                RawProtobuf.piece("</s>", 0, 1),
                RawProtobuf.piece("[UNK]", 0, 2),
                RawProtobuf.piece("[BOS]", 0, 3),
                RawProtobuf.piece("[PAD]", 0, 3),
                RawProtobuf.trainer(RawProtobuf.string(46, "[BOS]"), RawProtobuf.string(48, "[PAD]")),
                RawProtobuf.normalizer(RawProtobuf.integer(3, 0)));
        SentencePieceModel model = SentencePieceReader.parse(NAME, file);
        assertThat(model.roles()).as("</s> is text here").isEqualTo(new SentencePieceModel.Roles(1, 2, -1, 3));
        assertThat(model.spacePrefix()).isFalse();
        var builder = new GgufMetadataBuilder();
        model.addTo(builder);
        Metadata metadata = builder.build(NAME);
        assertThat(metadata.string("tokenizer.ggml.model")).isEqualTo("llama");
        assertThat(metadata.integer("tokenizer.ggml.bos_token_id")).isEqualTo(2);
        assertThat(metadata.integer("tokenizer.ggml.eos_token_id")).as("none").isEqualTo(0xFFFF_FFFFL);
        assertThat(metadata.bool("tokenizer.ggml.add_space_prefix", true)).isFalse();
        assertThat(metadata.findLongs("tokenizer.ggml.token_type").orElseThrow())
                .containsExactly(1, 2, 3, 3);
    }

    @Test
    void unknownFieldsAreSkippedAndTheLastOfTwoCounts() {
        byte[] file = RawProtobuf.fields(
                RawProtobuf.message(4, new byte[] {1, 2, 3}),
                RawProtobuf.pieces(),
                RawProtobuf.message(2, RawProtobuf.integer(3, 1)),
                RawProtobuf.trainer(RawProtobuf.integer(99, -1)),
                RawProtobuf.message(3, new byte[] {(7 << 3) | 1, 1, 2, 3, 4, 5, 6, 7, 8, (8 << 3) | 5, 1, 2, 3, 4}));
        assertThat(SentencePieceReader.parse(NAME, file).pieces()).hasSize(6);
    }

    /// Every cut, and every byte replaced by every nasty one: a vocabulary or a typed error, and nothing else.
    @Test
    void damagedFilesEndInATypedError() {
        byte[] sound = RawProtobuf.sound();
        int refused = 0;
        for (int length = 0; length < sound.length; length++) {
            refused += isRefused(Arrays.copyOf(sound, length)) ? 1 : 0;
        }
        for (int at = 0; at < sound.length; at++) {
            for (int value : new int[] {0, 1, 0x0a, 0x7f, 0x80, 0xff, sound[at] ^ 1, sound[at] ^ 0x80}) {
                byte[] damaged = sound.clone();
                damaged[at] = (byte) value;
                refused += isRefused(damaged) ? 1 : 0;
            }
        }
        assertThat(refused).isGreaterThan(sound.length);
    }

    @Test
    void randomBytesEndInATypedError() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            assertThat(isRefused(bytes)).as("seed %d, file %d", seed, i).isTrue();
        }
    }

    private static boolean isRefused(byte[] file) {
        Throwable thrown = catchThrowable(() -> SentencePieceReader.parse(NAME, file));
        if (thrown != null) {
            assertThat(thrown).isInstanceOf(ExcitorException.class).hasMessageContaining(NAME.toString());
        }
        return thrown != null;
    }
}
