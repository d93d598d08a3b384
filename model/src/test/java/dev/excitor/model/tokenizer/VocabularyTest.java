package dev.excitor.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VocabularyTest {
    private static final String PREFIX = "tokenizer.ggml.";

    @TempDir
    Path folder;

    @Test
    void llama2() {
        Tokenizer tokenizer = Vocabularies.llamaSpm();
        Vocabulary vocabulary = tokenizer.vocabulary();
        assertThat(tokenizer.description()).isEqualTo("SentencePiece, 32000 tokens");
        assertThat(vocabulary.size()).isEqualTo(32000);
        assertThat(vocabulary.bos()).isEqualTo(1);
        assertThat(vocabulary.eos()).isEqualTo(2);
        assertThat(vocabulary.unknown()).isZero();
        assertThat(vocabulary.eot()).isEqualTo(Vocabulary.NONE);
        assertThat(vocabulary.endOfGeneration()).containsExactly(2);
        assertThat(vocabulary.endsGeneration(2)).isTrue();
        assertThat(vocabulary.endsGeneration(1)).isFalse();
        assertThat(tokenizer.addsBos()).isTrue();
        assertThat(tokenizer.addsEos()).isFalse();
        assertThat(vocabulary.type(3)).isEqualTo(TokenType.BYTE);
        assertThat(tokenizer.bytes(3 + 0xE2)).containsExactly(0xE2);
        assertThat(vocabulary.token(15043)).isEqualTo("▁Hello");
        assertThat(vocabulary.find("▁Hello")).isEqualTo(15043);
        assertThat(tokenizer.bytes(15043)).isEqualTo(" Hello".getBytes(StandardCharsets.UTF_8));
        assertThat(tokenizer.bytes(1)).isEmpty();
        assertThat(tokenizer.bytes(1, true)).isEqualTo("<s>".getBytes(StandardCharsets.UTF_8));
        assertThat(vocabulary.score(259)).isEqualTo(-1e9f);
        assertThat(vocabulary.score(300)).isEqualTo(-41);
    }

    @Test
    void llama3() {
        Tokenizer tokenizer = Vocabularies.llamaBpe();
        Vocabulary vocabulary = tokenizer.vocabulary();
        assertThat(tokenizer.description()).isEqualTo("BPE llama-bpe, 128256 tokens, 280147 merges");
        assertThat(vocabulary.bos()).isEqualTo(128000);
        assertThat(vocabulary.eos()).isEqualTo(128009);
        assertThat(vocabulary.eot()).isEqualTo(128009);
        assertThat(vocabulary.eom()).isEqualTo(128008);
        assertThat(vocabulary.endOfGeneration()).containsExactlyInAnyOrder(128001, 128008, 128009);
        assertThat(vocabulary.unknown()).isEqualTo(Vocabulary.NONE);
        assertThat(vocabulary.find("no such token")).isEqualTo(Vocabulary.NONE);
        assertThat(vocabulary.find("Ġworld")).isEqualTo(1917);
        assertThat(tokenizer.bytes(1917)).isEqualTo(" world".getBytes(StandardCharsets.UTF_8));
        assertThat(vocabulary.score(1917)).isZero();
    }

    @Test
    void idsOutsideAreAProgrammingError() {
        Tokenizer tokenizer = SmallVocabulary.bpe().make(folder);
        for (int id : new int[] {-1, 256, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> tokenizer.bytes(id)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> tokenizer.decode(id)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> tokenizer.vocabulary().type(id)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    /// Names that end a generation count whatever the file says of them, and become control tokens.
    @Test
    void endsOfGenerationByName() {
        Tokenizer tokenizer = SmallVocabulary.bpe()
                .token("<|endoftext|>", 0, TokenType.NORMAL)
                .token("<|im_end|>", 0, TokenType.USER_DEFINED)
                .token("<|eom_id|>", 0, TokenType.CONTROL)
                .token("<|repo_name|>", 0, TokenType.CONTROL)
                .token("<|file_sep|>", 0, TokenType.CONTROL)
                .token("<|im_start|>", 0, TokenType.CONTROL)
                .make(folder);
        Vocabulary vocabulary = tokenizer.vocabulary();
        assertThat(vocabulary.endOfGeneration()).containsExactlyInAnyOrder(256, 257, 258, 259, 260);
        assertThat(vocabulary.eot()).isEqualTo(257);
        assertThat(vocabulary.eom()).isEqualTo(258);
        assertThat(vocabulary.type(256)).isEqualTo(TokenType.CONTROL);
        assertThat(tokenizer.encode("<|im_end|>", EncodeOptions.TEXT)).doesNotContain(257);
    }

    @Test
    void rolesTheFileGives() {
        Tokenizer tokenizer = Vocabularies.make(SmallVocabulary.bpe()
                .token("<|eot_id|>", 0, TokenType.CONTROL)
                .writer(folder)
                .uint32(PREFIX + "bos_token_id", 1)
                .uint32(PREFIX + "eos_token_id", 2)
                .uint32(PREFIX + "eot_token_id", 3)
                .uint32(PREFIX + "eom_token_id", 4)
                .uint32(PREFIX + "unknown_token_id", 5)
                .uint32(PREFIX + "seperator_token_id", 6)
                .uint32(PREFIX + "padding_token_id", 7)
                .bool(PREFIX + "add_bos_token", false)
                .bool(PREFIX + "add_eos_token", true));
        Vocabulary vocabulary = tokenizer.vocabulary();
        assertThat(new int[] {
                    vocabulary.bos(),
                    vocabulary.eos(),
                    vocabulary.eot(),
                    vocabulary.eom(),
                    vocabulary.unknown(),
                    vocabulary.sep(),
                    vocabulary.pad()
                })
                .containsExactly(1, 2, 3, 4, 5, 6, 7);
        assertThat(vocabulary.endOfGeneration()).containsExactlyInAnyOrder(2, 3, 4, 256);
        assertThat(tokenizer.encode("a", EncodeOptions.PROMPT)).containsExactly('a', 2);
    }

    /// A byte without a token becomes the unknown token where there is one, and vanishes otherwise.
    @Test
    void bytesTheVocabularyLacks() {
        SmallVocabulary few = SmallVocabulary.empty("gpt2").token("a").token("?", 0, TokenType.UNKNOWN);
        assertThat(few.make(folder).encode("aba", EncodeOptions.TEXT)).containsExactly(0, 0);
        assertThat(Vocabularies.make(few.writer(folder).uint32(PREFIX + "unknown_token_id", 1))
                        .encode("aba", EncodeOptions.TEXT))
                .containsExactly(0, 1, 0);
    }

    @Test
    void aMissingPretokenizerIsTheDefault() {
        Tokenizer tokenizer =
                Vocabularies.make(SmallVocabulary.bpe().merge("a", "b").writer(folder, "pre"));
        assertThat(tokenizer.description()).isEqualTo("BPE default, 257 tokens, 1 merges");
        assertThat(tokenizer.addsBos()).isFalse();
    }

    /// In "llama-bpe" a word that is a token needs no merges; in "gpt-2" it does.
    @Test
    void wordsThatAreTokens() {
        SmallVocabulary vocabulary = SmallVocabulary.bpe().token("word");
        assertThat(vocabulary.make(folder).encode("word", EncodeOptions.TEXT)).containsExactly(256);
        assertThat(Vocabularies.make(vocabulary.writer(folder, "pre").string(PREFIX + "pre", "gpt-2"))
                        .encode("word", EncodeOptions.TEXT))
                .containsExactly('w', 'o', 'r', 'd');
    }
}
