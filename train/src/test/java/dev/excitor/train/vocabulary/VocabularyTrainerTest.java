package dev.excitor.train.vocabulary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.train.corpus.Split;
import dev.excitor.train.corpus.StoryCorpus;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VocabularyTrainerTest {

    @TempDir
    Path folder;

    /// By hand: `ab` occurs three times, then `▁ab` three times as often as any other.
    @Test
    void mergesTheMostFrequentFirst() {
        StoryVocabulary vocabulary = new VocabularyTrainer().add("ab ab abc").train(259 + 4 + 2);
        assertThat(vocabulary.learned()).containsExactly("a", "b", "c", "\u2581", "ab", "\u2581ab");
    }

    @Test
    void stopsWhenNothingOccursTwice() {
        StoryVocabulary vocabulary = new VocabularyTrainer().add("xy").train(1000);
        assertThat(vocabulary.learned()).containsExactly("x", "y", "\u2581");
        assertThat(vocabulary.size()).isEqualTo(262);
    }

    @Test
    void nothingMergesAcrossWordsAndPunctuation() {
        StoryVocabulary vocabulary =
                new VocabularyTrainer().add("go. go. go. go.\ngo.").train(1000);
        assertThat(vocabulary.learned())
                .contains("\u2581go")
                .noneMatch(token -> token.length() > 1 && token.contains("."));
        assertThat(vocabulary.learned()).noneMatch(token -> token.contains("\n"));
    }

    @Test
    void refusesASizeWithoutRoomForTheCharacters() {
        VocabularyTrainer trainer = new VocabularyTrainer().add("abc");
        assertThatThrownBy(() -> trainer.train(260)).hasMessageContaining("263");
    }

    @Test
    void theTokenizerReadsItAndWordsAreTokens() throws IOException {
        Tokenizer tokenizer = storyTokenizer();
        assertThat(tokenizer.encode("Mia put the kite under the bed.", EncodeOptions.PROMPT))
                .hasSize(9)
                .startsWith(tokenizer.vocabulary().bos());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Mia had a red kite.",
                "Zürich \u2581 \u0000 snow\u2603 \uD83D\uDE00",
                "  two  spaces\n\n\tand a tab \r\n",
                "UPPER lower 12345 !?",
                "a"
            })
    void everyTextComesBack(String text) throws IOException {
        Tokenizer tokenizer = storyTokenizer();
        // the vocabulary writes a space as U+2581, so that character comes back as a space
        assertThat(tokenizer.decode(tokenizer.encode(text, EncodeOptions.PROMPT)))
                .isEqualTo(text.replace('\u2581', ' '));
    }

    @Test
    void everyTextOfTheCorpusComesBack() throws IOException {
        Tokenizer tokenizer = storyTokenizer();
        StoryCorpus corpus = new StoryCorpus(9, Split.HELD_OUT);
        for (int i = 0; i < 300; i++) {
            String text = corpus.document(i).text();
            int[] tokens = tokenizer.encode(text, EncodeOptions.PROMPT);
            assertThat(tokenizer.decode(tokens)).isEqualTo(text);
            assertThat(tokens).hasSizeLessThan(256);
        }
    }

    private Tokenizer storyTokenizer() throws IOException {
        StoryCorpus corpus = new StoryCorpus(1, Split.TRAIN);
        VocabularyTrainer trainer = new VocabularyTrainer();
        for (int i = 0; i < 2000; i++) {
            trainer.add(corpus.document(i).text());
        }
        StoryVocabulary vocabulary = trainer.train(1280);
        Path file = folder.resolve("v.gguf");
        GgufWriter writer = new GgufWriter(file).string("general.architecture", "llama");
        vocabulary.write(writer);
        assertThat(writer.write()).isEqualTo(List.of(file));
        try (Checkpoint checkpoint = CheckpointReader.open(file, CheckpointReader.Memory.COPIED)) {
            return Tokenizer.of(checkpoint.metadata());
        }
    }
}
