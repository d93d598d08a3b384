package dev.excitor.train.pretrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import dev.excitor.loaders.gguf.GgufType;
import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.model.Model;
import dev.excitor.model.Session;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.train.corpus.Split;
import dev.excitor.train.corpus.StoryCorpus;
import dev.excitor.train.ops.Sequences;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PretrainingTest {

    private static final PretrainingSettings SHORT = new PretrainingSettings(3, 20, 512, 5e-3, 700, 1000);

    @TempDir
    Path folder;

    @Test
    void learnsAndTheFileComputesWhatWasLearned() throws IOException {
        Path file = folder.resolve("m.gguf");
        List<Double> losses = new ArrayList<>();
        Pretraining.Result result = train(null, file, "F32", 1, losses);
        assertThat(losses).hasSize(SHORT.steps());
        assertThat(losses.getFirst()).isCloseTo(Math.log(result.vocabulary()), offset(0.3));
        assertThat(losses.getLast()).isLessThan(losses.getFirst() - 1);
        assertThat(result.loss()).isGreaterThan(result.bound());
        assertThat(result.heldOutLoss()).isCloseTo(result.loss(), offset(1.0));
        EngineOptions portable = EngineOptions.defaults().withThreads(1).withTier(Kernels.Tier.VECTOR);
        try (Model model = Model.open(file, portable, CheckpointReader.Memory.COPIED)) {
            assertThat(model.leftovers()).isEmpty();
            assertThat(loss(model)).isCloseTo(result.heldOutLoss(), offset(1e-3));
        }
    }

    /// Again with the same seed, by two threads that share the texts, and rounded. Losses may differ in their last
    /// digits: in what order gradients and the lanes of a vector are summed depends on the threads and on whether the
    /// compiler has been there yet.
    @Test
    void theSeedDecidesAndTheFormatRounds() throws IOException {
        List<Double> first = new ArrayList<>();
        List<Double> second = new ArrayList<>();
        double exact =
                train(null, folder.resolve("exact.gguf"), "F32", 1, first).heldOutLoss();
        Path rounded = folder.resolve("rounded.gguf");
        train(null, rounded, "Q8_0", 2, second);
        for (int step = 0; step < SHORT.steps(); step++) {
            assertThat(second.get(step)).as("step %d", step + 1).isCloseTo(first.get(step), offset(1e-3));
        }
        try (Model model =
                Model.open(rounded, EngineOptions.defaults().withThreads(1), CheckpointReader.Memory.COPIED)) {
            assertThat(model.checkpoint()
                            .find("token_embd.weight")
                            .orElseThrow()
                            .format()
                            .name())
                    .isEqualTo("Q8_0");
            assertThat(loss(model)).isCloseTo(exact, offset(0.02));
        }
    }

    /// It begins where the other ended, not where fresh weights begin; another model's file is refused by its tensor.
    @Test
    void goesOnFromWhatWasMadeEarlier() throws IOException {
        Path earlier = folder.resolve("earlier.gguf");
        List<Double> first = new ArrayList<>();
        train(null, earlier, "F32", 1, first);
        List<Double> second = new ArrayList<>();
        train(earlier, folder.resolve("later.gguf"), "F32", 2, second);
        assertThat(second.getFirst()).isLessThan(first.getFirst() - 1).isCloseTo(first.getLast(), offset(0.7));
        assertThat(second.getLast()).isLessThan(first.getLast());

        Path vocabulary = folder.resolve("vocabulary.gguf");
        new GgufWriter(vocabulary)
                .string("general.architecture", "llama")
                .string("tokenizer.ggml.model", "llama")
                .strings("tokenizer.ggml.tokens", List.of("<unk>", "<s>", "</s>"))
                .floats("tokenizer.ggml.scores", new float[3])
                .integers("tokenizer.ggml.token_type", GgufType.INT32, new long[] {2, 3, 3})
                .write();
        assertThatThrownBy(() -> train(vocabulary, folder.resolve("none.gguf"), "F32", 1, new ArrayList<>()))
                .isInstanceOf(ExcitorException.MalformedFile.class)
                .hasMessageContainingAll("vocabulary.gguf", "token_embd.weight");
    }

    /// What comes before the first token that counts is read and not asked for.
    @Test
    void onlyWhatCountsIsScored() {
        Sequences both = Pretraining.sequences(List.of(
                new Pretraining.Text(new int[] {1, 5, 6, 7, 2}, 0), new Pretraining.Text(new int[] {1, 8, 9, 2}, 2)));
        assertThat(both.tokens()).containsExactly(1, 5, 6, 7, 1, 8, 9);
        assertThat(both.targets()).containsExactly(5, 6, 7, 2, Sequences.UNSCORED, Sequences.UNSCORED, 2);
        assertThat(both.starts()).containsExactly(0, 4, 7);
    }

    @Test
    void settingsOutOfRangeAreRefusedByTheirOption() {
        assertThatThrownBy(() -> new PretrainingSettings(1, 0, 512, 1e-3, 1024, 1))
                .isInstanceOf(ExcitorException.InvalidOption.class)
                .hasMessageContaining("--steps");
        assertThatThrownBy(() -> new PretrainingSettings(1, 1, 512, Double.NaN, 1024, 1))
                .isInstanceOf(ExcitorException.InvalidOption.class)
                .hasMessageContaining("--learning-rate");
    }

    private static Pretraining.Result train(
            @Nullable Path start, Path file, String format, int threads, List<Double> losses) throws IOException {
        return new Pretraining(SHORT)
                .run(
                        EngineOptions.defaults().withThreads(threads),
                        start,
                        file,
                        Formats.of(format),
                        (step, loss, tokens) -> losses.add(loss));
    }

    /// The runtime's own loss on the held-out texts.
    private static double loss(Model model) {
        StoryCorpus corpus = new StoryCorpus(SHORT.seed(), Split.HELD_OUT);
        Tokenizer tokenizer = model.tokenizer();
        double loss = 0;
        long count = 0;
        try (Session session = model.newSession()) {
            for (int i = 0; i < Pretraining.MEASURED_TEXTS; i++) {
                int[] text = tokenizer.encode(corpus.document(i).text(), EncodeOptions.PROMPT);
                session.truncate(0);
                float[][] logits = session.forward(text);
                for (int t = 0; t < text.length; t++) {
                    int next = t + 1 < text.length
                            ? text[t + 1]
                            : tokenizer.vocabulary().eos();
                    float[] row = logits[t];
                    double sum = 0;
                    for (float logit : row) {
                        sum += Math.exp(logit);
                    }
                    loss += Math.log(sum) - row[next];
                    count++;
                }
            }
        }
        return loss / count;
    }
}
