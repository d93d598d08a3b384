package dev.excitor.train.corpus;

import java.util.List;
import java.util.SplittableRandom;

/// A seeded source of choices that knows how much it has chosen.
///
/// The surprise of all choices together, in nats, is an upper bound of what the text made of them can tell: a perfect
/// model of the grammar reaches a loss of at most this much per text.
final class Choices {

    private final SplittableRandom random;
    private double nats;

    Choices(long seed) {
        random = new SplittableRandom(seed);
    }

    /// One of a list, each as likely.
    <T> T of(List<T> options) {
        return options.get(below(options.size()));
    }

    @SafeVarargs
    final <T> T of(T... options) {
        return options[below(options.length)];
    }

    /// A number from 0 to `count - 1`, each as likely.
    int below(int count) {
        nats += Math.log(count);
        return random.nextInt(count);
    }

    /// True with the probability of `percent` in a hundred.
    boolean happens(int percent) {
        if (percent <= 0 || percent >= 100) {
            return percent >= 100;
        }
        boolean yes = random.nextInt(100) < percent;
        nats -= Math.log((yes ? percent : 100 - percent) / 100.0);
        return yes;
    }

    /// The position of one of several weights, each as likely as it is heavy.
    int weighted(int... weights) {
        int sum = 0;
        for (int weight : weights) {
            sum += weight;
        }
        int left = random.nextInt(sum);
        int position = 0;
        while (left >= weights[position]) {
            left -= weights[position++];
        }
        nats -= Math.log((double) weights[position] / sum);
        return position;
    }

    /// What has been chosen so far, in nats.
    double nats() {
        return nats;
    }
}
