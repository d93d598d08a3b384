package dev.excitor.train.pretrain;

import dev.excitor.runtime.ExcitorException;

/// How the model is made. The defaults made the one that is shipped.
///
/// @param seed          decides the texts, their order and the first weights
/// @param steps         steps of the optimizer
/// @param tokensPerStep least tokens that a step's gradient comes from
/// @param learningRate  peak of the learning rate
/// @param vocabulary    most tokens of the vocabulary
/// @param saveEvery     steps after which the file is written, again and again
public record PretrainingSettings(
        long seed, int steps, int tokensPerStep, double learningRate, int vocabulary, int saveEvery) {

    /// Sizes that the machine code's kernels like: all widths are multiples of 64.
    private static final int LAYERS = 5;

    private static final int WIDTH = 128;
    private static final int HEADS = 4;
    private static final int KV_HEADS = 2;
    private static final int HEAD_SIZE = 32;
    private static final int FFN = 384;
    private static final int CONTEXT = 384;

    public PretrainingSettings {
        require("--steps", "from 1 to 1000000", steps, steps >= 1 && steps <= 1_000_000);
        require("--tokens-per-step", "from 64 to 65536", tokensPerStep, tokensPerStep >= 64 && tokensPerStep <= 65_536);
        require("--learning-rate", "above 0 and at most 1", learningRate, learningRate > 0 && learningRate <= 1);
        require("--vocab-size", "from 512 to 65536", vocabulary, vocabulary >= 512 && vocabulary <= 65_536);
        require("--save-every", "1 or more", saveEvery, saveEvery >= 1);
    }

    public static PretrainingSettings defaults() {
        return new PretrainingSettings(1, 9000, 1024, 1e-3, 1280, 250);
    }

    LlamaShape shape(int tokens) {
        return new LlamaShape(tokens, LAYERS, WIDTH, HEADS, KV_HEADS, HEAD_SIZE, FFN, CONTEXT);
    }

    private static void require(String option, String expected, Object found, boolean holds) {
        if (!holds) {
            throw new ExcitorException.InvalidOption(option, expected, found);
        }
    }
}
