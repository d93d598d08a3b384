package dev.excitor.train.pretrain;

import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.runtime.Engine;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.format.Format;
import dev.excitor.train.corpus.Split;
import dev.excitor.train.corpus.StoryCorpus;
import dev.excitor.train.decoder.TrainingDecoder;
import dev.excitor.train.ops.Sequences;
import dev.excitor.train.vocabulary.StoryVocabulary;
import dev.excitor.train.vocabulary.VocabularyTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Makes a small LLaMA out of nothing: learns a vocabulary from stories of a seeded grammar, then every weight by
/// predicting the next token of more of them, and writes it as a GGUF file.
///
/// The same settings give the same vocabulary, the same texts in the same order and the same first weights. The weights
/// in the end are as good but not bit for bit the same: in what order the lanes of a vector are summed depends on the
/// CPU, and on when the compiler takes over.
public final class Pretraining {

    /// Texts that the vocabulary is learned from.
    private static final int VOCABULARY_TEXTS = 20_000;

    /// Texts that a loss is measured on in the end.
    static final int MEASURED_TEXTS = 200;

    /// The first number of texts that no training reaches.
    static final long FRESH_TEXTS = 1L << 40;

    /// What the learning rate falls to, of its peak.
    private static final double LAST_RATE = 0.02;

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
    /// @param engine who computes
    /// @param target the file to write or replace; it appears when it is complete, first after
    ///               [PretrainingSettings#saveEvery] steps
    public Result run(Engine engine, Path target, Format format, Listener listener) throws IOException {
        StoryCorpus corpus = new StoryCorpus(settings.seed(), Split.TRAIN);
        VocabularyTrainer words = new VocabularyTrainer();
        for (int i = 0; i < VOCABULARY_TEXTS; i++) {
            words.add(corpus.document(i).text());
        }
        StoryVocabulary vocabulary = words.train(settings.vocabulary());
        Tokenizer tokenizer = tokenizer(vocabulary);
        LlamaShape shape = settings.shape(vocabulary.size());
        try (LlamaParameters parameters = new LlamaParameters(shape, settings.seed());
                TrainingDecoder decoder = new TrainingDecoder(
                        parameters.config(),
                        parameters.bind(engine),
                        engine,
                        null,
                        new LlamaGradients(parameters, engine.ops()),
                        settings.tokensPerStep() + shape.context())) {
            ModelFile file = new ModelFile(settings, vocabulary, parameters);
            learn(engine, corpus, tokenizer, parameters, decoder, (step, loss, tokens) -> {
                listener.step(step, loss, tokens);
                if (step % settings.saveEvery() == 0 || step == settings.steps()) {
                    file.write(target, format);
                }
            });
            return measure(decoder, tokenizer, parameters);
        }
    }

    /// What follows a step.
    private interface AfterStep {
        void step(int step, double loss, long tokens) throws IOException;
    }

    private void learn(
            Engine engine,
            StoryCorpus corpus,
            Tokenizer tokenizer,
            LlamaParameters parameters,
            TrainingDecoder decoder,
            AfterStep after)
            throws IOException {
        AdamW optimizer = new AdamW(parameters, engine.team().size());
        long document = 0;
        long tokens = 0;
        for (int step = 1; step <= settings.steps(); step++) {
            List<int[]> texts = new ArrayList<>();
            int size = 0;
            while (size < settings.tokensPerStep()) {
                int[] text = encode(tokenizer, corpus.document(document++).text());
                texts.add(text);
                size += text.length - 1;
            }
            double[] losses = decoder.gradients(sequences(texts), 1f / size);
            double rate = rate(step);
            engine.team().run(worker -> optimizer.step(worker, rate));
            tokens += size;
            after.step(step, Arrays.stream(losses).sum() / size, tokens);
        }
    }

    /// Each text is read but for its last token, and asked for all but its first.
    static Sequences sequences(List<int[]> texts) {
        int[] starts = new int[texts.size() + 1];
        for (int i = 0; i < texts.size(); i++) {
            starts[i + 1] = starts[i] + texts.get(i).length - 1;
        }
        int[] tokens = new int[starts[texts.size()]];
        int[] targets = new int[tokens.length];
        for (int i = 0; i < texts.size(); i++) {
            int[] text = texts.get(i);
            System.arraycopy(text, 0, tokens, starts[i], text.length - 1);
            System.arraycopy(text, 1, targets, starts[i], text.length - 1);
        }
        return new Sequences(tokens, targets, starts);
    }

    /// Warms up over the first fiftieth, then falls along a cosine.
    private double rate(int step) {
        double warmUp = Math.max(1, settings.steps() / 50.0);
        if (step < warmUp) {
            return settings.learningRate() * step / warmUp;
        }
        double done = (step - warmUp) / Math.max(1, settings.steps() - warmUp);
        double cosine = (1 + Math.cos(Math.PI * done)) / 2;
        return settings.learningRate() * (LAST_RATE + (1 - LAST_RATE) * cosine);
    }

    private Result measure(TrainingDecoder decoder, Tokenizer tokenizer, LlamaParameters parameters) {
        Measured fresh = measure(decoder, tokenizer, FRESH_TEXTS, new StoryCorpus(settings.seed(), Split.TRAIN));
        Measured heldOut = measure(decoder, tokenizer, 0, new StoryCorpus(settings.seed(), Split.HELD_OUT));
        return new Result(
                fresh.loss, fresh.bound, heldOut.loss, tokenizer.vocabulary().size(), parameters.size());
    }

    private Measured measure(TrainingDecoder decoder, Tokenizer tokenizer, long first, StoryCorpus corpus) {
        double loss = 0;
        double nats = 0;
        long tokens = 0;
        List<int[]> texts = new ArrayList<>();
        int size = 0;
        for (int i = 0; i < MEASURED_TEXTS; i++) {
            StoryCorpus.Document document = corpus.document(first + i);
            int[] text = encode(tokenizer, document.text());
            nats += document.nats();
            texts.add(text);
            size += text.length - 1;
            if (size >= settings.tokensPerStep() || i == MEASURED_TEXTS - 1) {
                double[] losses = decoder.losses(sequences(texts));
                loss += Arrays.stream(losses).sum();
                tokens += losses.length;
                texts.clear();
                size = 0;
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
