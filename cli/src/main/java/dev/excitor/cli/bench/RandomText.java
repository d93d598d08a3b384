package dev.excitor.cli.bench;

import java.util.Arrays;
import java.util.SplittableRandom;

/// Random tokens, always the same: what a model computes in does not depend on what they say.
final class RandomText {

    private static final long SEED = 42;

    private final int[] tokens;

    RandomText(int vocabulary, int length) {
        tokens = new SplittableRandom(SEED).ints(length, 0, vocabulary).toArray();
    }

    int[] slice(int from, int to) {
        return Arrays.copyOfRange(tokens, from, to);
    }
}
