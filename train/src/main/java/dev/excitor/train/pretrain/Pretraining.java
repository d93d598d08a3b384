package dev.excitor.train.pretrain;

import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.format.Format;
import dev.excitor.train.corpus.Split;
import dev.excitor.train.corpus.StoryCorpus;
import dev.excitor.train.ops.Sequences;
import dev.excitor.train.vocabulary.StoryVocabulary;
import dev.excitor.train.vocabulary.VocabularyTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Makes a small LLaMA out of nothing: learns a vocabulary from stories of a seeded grammar, then every weight by
/// predicting the next token of more of them, and writes it as a GGUF file.
///
/// The same settings give the same vocabulary, the same texts in the same order and the same first weights. The weights
/// in the end are as good but not bit for bit the same: in what order the lanes of a vector are summed depends on the
/// CPU, and on when the compiler takes over.
public final class Pretraining {

    /// Texts that the vocabulary is learned from.
    private static final int VOCABULARY_TEXTS = 5_000;

    /// Texts that a loss is measured on in the end.
    static final int MEASURED_TEXTS = 200;

    /// The first number of texts that no training reaches.
    static final long FRESH_TEXTS = 1L << 40;

    /// Steps over which the learning rate rises.
    private static final double WARM_UP = 100;

    /// It falls over the last one in so many steps.
    private static final double FALLING_FROM_LAST = 3;

    /// What the learning rate falls to, of its peak.
    private static final double LAST_RATE = 0.02;

    /// One text in so many counts from its first token on.
    private static final int WHOLE_ONE_IN = 4;

    /// As many tokens as a long text has: a thread with fewer would often have none.
    private static final int LONG_TEXT = 256;

    /// The token that comes between a story and what is said about it.
    private static final String LINE_END = "<0x0A>";

    private final PretrainingSettings settings;

    /// Hears of progress.
    @FunctionalInterface
    public interface Listener {
        /// @param step   steps done
        /// @param loss   mean loss per token of that step's texts, in nats
        /// @param tokens tokens read since the start
        void step(int step, double loss, long tokens);
    }

    /// What came of it. Losses are means per token in nats, with the weights in f32.
    ///
    /// @param loss        on texts that it has not seen, of the same grammar
    /// @param bound       the surprise of the grammar's choices in these, per token: what a perfect model reaches at
    /// most
    /// @param heldOutLoss on texts of the held-out combinations, for which there is no such bound: the grammar it
    /// learned
    ///                    never makes them
    /// @param vocabulary  tokens in the vocabulary
    /// @param weights     weights in all
    public record Result(double loss, double bound, double heldOutLoss, int vocabulary, int weights) {}

    /// A loss and what a perfect model's would be at most.
    private record Measured(double loss, double bound) {}

    public Pretraining(PretrainingSettings settings) {
        this.settings = settings;
    }

    /// Learns, and writes the model.
    ///
    /// @param options how it is computed; each thread reads texts of its own
    /// @param start   a file that an earlier pretraining wrote, whose weights it goes on from, or null for fresh ones
    /// @param target the file to write or replace; it appears when it is complete, first after
    ///               [PretrainingSettings#saveEvery] steps
    public Result run(EngineOptions options, @Nullable Path start, Path target, Format format, Listener listener)
            throws IOException {
        StoryCorpus corpus = new StoryCorpus(settings.seed(), Split.TRAIN);
        VocabularyTrainer words = new VocabularyTrainer();
        for (int i = 0; i < VOCABULARY_TEXTS; i++) {
            words.add(corpus.document(i).text());
        }
        StoryVocabulary vocabulary = words.train(settings.vocabulary());
        Tokenizer tokenizer = tokenizer(vocabulary);
        LlamaShape shape = settings.shape(vocabulary.size());
        int count = Math.min(options.actualThreads(), Math.max(1, settings.tokensPerStep() / LONG_TEXT));
        int capacity = settings.tokensPerStep() / count + 2 * shape.context();
        try (Learners learners = new Learners(options, count, shape, settings.seed(), capacity)) {
            if (start != null) {
                EarlierWeights.take(start, tokenizer.vocabulary(), learners.parameters());
                learners.share();
            }
            ModelFile file = new ModelFile(settings, vocabulary, learners.parameters());
            learn(corpus, tokenizer, learners, (step, loss, tokens) -> {
                listener.step(step, loss, tokens);
                if (step % settings.saveEvery() == 0 || step == settings.steps()) {
                    file.write(target, format);
                }
            });
            return measure(learners, tokenizer, capacity);
        }
    }

    /// What follows a step.
    private interface AfterStep {
        void step(int step, double loss, long tokens) throws IOException;
    }

    private void learn(StoryCorpus corpus, Tokenizer tokenizer, Learners learners, AfterStep after) throws IOException {
        long document = 0;
        long tokens = 0;
        for (int step = 1; step <= settings.steps(); step++) {
            List<List<Text>> shares = new ArrayList<>();
            for (int i = 0; i < learners.count(); i++) {
                shares.add(new ArrayList<>());
            }
            int size = 0;
            while (size < settings.tokensPerStep()) {
                Text text = text(tokenizer, corpus, document++);
                shares.stream()
                        .min(Comparator.comparingInt(Pretraining::tokens))
                        .orElseThrow()
                        .add(text);
                size += text.length();
            }
            List<Sequences> sequences =
                    shares.stream().map(Pretraining::sequences).toList();
            int scored = sequences.stream().mapToInt(Sequences::scored).sum();
            double loss = learners.step(sequences, 1f / scored, rate(step));
            tokens += size;
            after.step(step, loss / scored, tokens);
        }
    }

    /// A text to learn from, read but for its last token.
    ///
    /// @param first the first token whose prediction of the next one counts
    record Text(int[] tokens, int first) {
        int length() {
            return tokens.length - 1;
        }
    }

    /// Of most texts only what comes after the story counts: of a story's words few follow from others, and all that
    /// they tell of each other is soon learned, whereas what is said about the story follows from it.
    private static Text text(Tokenizer tokenizer, StoryCorpus corpus, long number) {
        int[] tokens = encode(tokenizer, corpus.document(number).text());
        int first = 0;
        if (number % WHOLE_ONE_IN != 0) {
            int end = tokenizer.vocabulary().find(LINE_END);
            first = Math.max(0, Arrays.stream(tokens).boxed().toList().indexOf(end));
        }
        return new Text(tokens, first);
    }

    private static int tokens(List<Text> texts) {
        return texts.stream().mapToInt(Text::length).sum();
    }

    static Sequences sequences(List<Text> texts) {
        int[] starts = new int[texts.size() + 1];
        for (int i = 0; i < texts.size(); i++) {
            starts[i + 1] = starts[i] + texts.get(i).length();
        }
        int[] tokens = new int[starts[texts.size()]];
        int[] targets = new int[tokens.length];
        for (int i = 0; i < texts.size(); i++) {
            Text text = texts.get(i);
            System.arraycopy(text.tokens, 0, tokens, starts[i], text.length());
            System.arraycopy(text.tokens, 1, targets, starts[i], text.length());
            Arrays.fill(targets, starts[i], starts[i] + text.first, Sequences.UNSCORED);
        }
        return new Sequences(tokens, targets, starts);
    }

    /// Warms up, stays, and falls in a straight line over the last third.
    private double rate(int step) {
        double warmth = Math.min(1, (double) step / WARM_UP);
        double left = (settings.steps() - step) * FALLING_FROM_LAST / settings.steps();
        return settings.learningRate() * warmth * Math.min(1, LAST_RATE + (1 - LAST_RATE) * left);
    }

    private Result measure(Learners learners, Tokenizer tokenizer, int capacity) {
        Measured fresh =
                measure(learners, tokenizer, capacity, FRESH_TEXTS, new StoryCorpus(settings.seed(), Split.TRAIN));
        Measured heldOut = measure(learners, tokenizer, capacity, 0, new StoryCorpus(settings.seed(), Split.HELD_OUT));
        return new Result(
                fresh.loss,
                fresh.bound,
                heldOut.loss,
                tokenizer.vocabulary().size(),
                learners.parameters().size());
    }

    private static Measured measure(
            Learners learners, Tokenizer tokenizer, int capacity, long first, StoryCorpus corpus) {
        double loss = 0;
        double nats = 0;
        long tokens = 0;
        List<Text> texts = new ArrayList<>();
        for (int i = 0; i < MEASURED_TEXTS; i++) {
            StoryCorpus.Document document = corpus.document(first + i);
            nats += document.nats();
            texts.add(new Text(encode(tokenizer, document.text()), 0));
            if (tokens(texts) >= capacity - 2 * LONG_TEXT || i == MEASURED_TEXTS - 1) {
                double[] losses = learners.losses(sequences(texts));
                loss += Arrays.stream(losses).sum();
                tokens += losses.length;
                texts.clear();
            }
        }
        return new Measured(loss / tokens, nats / tokens);
    }

    /// A text between the tokens that open and end it.
    private static int[] encode(Tokenizer tokenizer, String text) {
        int[] tokens = tokenizer.encode(text, EncodeOptions.PROMPT);
        int[] ended = Arrays.copyOf(tokens, tokens.length + 1);
        ended[tokens.length] = tokenizer.vocabulary().eos();
        return ended;
    }

    /// The tokenizer that will read the finished model's file: from a file that holds nothing but the vocabulary.
    private static Tokenizer tokenizer(StoryVocabulary vocabulary) throws IOException {
        Path file = Files.createTempFile("excitor-vocabulary", ".gguf");
        try {
            GgufWriter writer = new GgufWriter(file).string("general.architecture", "llama");
            vocabulary.write(writer);
            writer.write();
            try (Checkpoint checkpoint = CheckpointReader.open(file, CheckpointReader.Memory.COPIED)) {
                return Tokenizer.of(checkpoint.metadata());
            }
        } finally {
            Files.deleteIfExists(file);
        }
    }
}
