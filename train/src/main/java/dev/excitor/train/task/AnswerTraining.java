package dev.excitor.train.task;

import dev.excitor.model.Model;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.train.AdapterSettings;
import dev.excitor.train.Example;
import dev.excitor.train.ExcitorTrainer;
import dev.excitor.train.TrainingListener;
import dev.excitor.train.TrainingOptions;
import dev.excitor.train.corpus.Split;
import dev.excitor.train.corpus.StoryCorpus;
import dev.excitor.train.ops.Sequences;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// Trains the adapter that comes with the program: to answer each question about a story with the asked-for fact, in
/// one sentence, where the base model mostly says something else.
///
/// @param seed         of the stories, the adapter's first numbers and the order of examples
/// @param steps        updates
/// @param examples     stories with a question and its answer, of combinations that may be trained on
/// @param learningRate the highest
public record AnswerTraining(long seed, int steps, int examples, float learningRate) {

    private static final int BATCH = 16;
    private static final int LENGTH = 256;
    private static final int MICRO_TOKENS = 2048;
    private static final int PROMPTS = 32;
    private static final int RANK = 16;

    public AnswerTraining {
        if (steps < 1) {
            throw new ExcitorException.InvalidOption("--steps", "1 or more", steps);
        }
        if (examples < 1 || examples > 1_000_000) {
            throw new ExcitorException.InvalidOption("--examples", "from 1 to 1000000", examples);
        }
    }

    public static AnswerTraining defaults() {
        return new AnswerTraining(1, 600, 9600, 9e-3f);
    }

    /// Trains an adapter of all layers and writes it.
    public void run(Model model, Path target, TrainingListener listener) throws IOException {
        StoryCorpus corpus = new StoryCorpus(seed, Split.TRAIN);
        List<Example> all = new ArrayList<>();
        for (int i = 0; i < examples; i++) {
            all.add(example(model.tokenizer(), corpus.task(i)));
        }
        AdapterSettings settings = AdapterSettings.defaults()
                .layers(IntStream.range(0, model.dimensions().layers()).boxed().toList())
                .promptLength(PROMPTS)
                .rank(RANK);
        TrainingOptions options = TrainingOptions.defaults()
                .epochs(1 + steps * BATCH / examples)
                .steps(steps)
                .batch(BATCH)
                .length(LENGTH)
                .microTokens(MICRO_TOKENS)
                .learningRate(learningRate)
                .seed(seed);
        try (ExcitorTrainer trainer = new ExcitorTrainer(model, settings, options)) {
            trainer.train(all, listener);
            trainer.write(target);
        }
    }

    /// Scored are the answer and the token that ends the text.
    static Example example(Tokenizer tokenizer, StoryCorpus.Task task) {
        int prompt = tokenizer.encode(task.prompt(), EncodeOptions.PROMPT).length;
        int[] tokens = tokenizer.encode(task.prompt() + " " + task.response(), EncodeOptions.PROMPT);
        int[] targets = new int[tokens.length];
        for (int i = 0; i < tokens.length; i++) {
            int next = i + 1 < tokens.length
                    ? tokens[i + 1]
                    : tokenizer.vocabulary().eos();
            targets[i] = i >= prompt - 1 ? next : Sequences.UNSCORED;
        }
        return new Example(tokens, targets);
    }
}
