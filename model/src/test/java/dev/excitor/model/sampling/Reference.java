package dev.excitor.model.sampling;

import static java.util.Comparator.comparingDouble;
import static java.util.Comparator.comparingInt;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/// The definition of each step, in double precision, with lists and sorts: what the fast steps must equal.
final class Reference {

    /// A token that can still be chosen.
    record Entry(int token, double logit) {}

    private static final Comparator<Entry> BEST_FIRST =
            comparingDouble(Entry::logit).reversed().thenComparingInt(Entry::token);

    private Reference() {}

    static List<Entry> entries(float[] logits) {
        return IntStream.range(0, logits.length)
                .mapToObj(i -> new Entry(i, logits[i]))
                .toList();
    }

    static double[] probabilities(List<Entry> entries) {
        double max = entries.stream().mapToDouble(Entry::logit).max().orElseThrow();
        double[] weights =
                entries.stream().mapToDouble(e -> Math.exp(e.logit - max)).toArray();
        double total =
                IntStream.range(0, weights.length).mapToDouble(i -> weights[i]).sum();
        return IntStream.range(0, weights.length)
                .mapToDouble(i -> weights[i] / total)
                .toArray();
    }

    static List<Entry> topK(List<Entry> entries, int k) {
        return k == 0 || k >= entries.size()
                ? entries
                : entries.stream().sorted(BEST_FIRST).limit(k).toList();
    }

    static List<Entry> topP(List<Entry> entries, double p) {
        if (p == 1) {
            return entries;
        }
        List<Entry> sorted = entries.stream().sorted(BEST_FIRST).toList();
        double[] probabilities = probabilities(sorted);
        double mass = 0;
        for (int i = 0; i < sorted.size(); i++) {
            mass += probabilities[i];
            if (mass >= p) {
                return sorted.subList(0, i + 1);
            }
        }
        return sorted;
    }

    static List<Entry> minP(List<Entry> entries, double p) {
        double[] probabilities = probabilities(entries);
        double best = IntStream.range(0, entries.size())
                .mapToDouble(i -> probabilities[i])
                .max()
                .orElseThrow();
        return IntStream.range(0, entries.size())
                .filter(i -> probabilities[i] >= p * best)
                .mapToObj(entries::get)
                .toList();
    }

    static List<Entry> typical(List<Entry> entries, double p) {
        if (p == 1) {
            return entries;
        }
        double[] probabilities = probabilities(entries);
        double entropy = 0;
        for (double probability : probabilities) {
            entropy -= probability == 0 ? 0 : probability * Math.log(probability);
        }
        double h = entropy;
        List<Integer> order = IntStream.range(0, entries.size())
                .filter(i -> probabilities[i] > 0)
                .boxed()
                .sorted(comparingDouble((Integer i) -> Math.abs(-Math.log(probabilities[i]) - h))
                        .thenComparing(comparingInt(i -> entries.get(i).token())))
                .toList();
        List<Entry> kept = new ArrayList<>();
        double mass = 0;
        for (int i : order) {
            kept.add(entries.get(i));
            mass += probabilities[i];
            if (mass > p) {
                break;
            }
        }
        return kept;
    }

    static List<Entry> temperature(List<Entry> entries, double t) {
        return entries.stream().map(e -> new Entry(e.token, e.logit / t)).toList();
    }

    /// @param window the tokens of the window, oldest first
    static List<Entry> penalties(
            List<Entry> entries, List<Integer> window, double repeat, double presence, double frequency) {
        return entries.stream()
                .map(e -> {
                    long count = window.stream().filter(t -> t == e.token).count();
                    if (count == 0) {
                        return e;
                    }
                    double logit = e.logit > 0 ? e.logit / repeat : e.logit * repeat;
                    return new Entry(e.token, logit - count * frequency - presence);
                })
                .toList();
    }

    /// Logits as a model gives them: a bell of width 2 with a few that stand out.
    static float[] logits(SplittableRandom random, int count) {
        float[] logits = new float[count];
        for (int i = 0; i < count; i++) {
            logits[i] = (float) (random.nextGaussian() * 2);
        }
        for (int i = 0; i < 1 + count / 100; i++) {
            logits[random.nextInt(count)] += (float) (random.nextDouble() * 12);
        }
        return logits;
    }

    static MemorySegment row(Arena arena, float... logits) {
        return arena.allocateFrom(ValueLayout.JAVA_FLOAT, logits);
    }

    static Candidates candidates(float... logits) {
        try (Arena arena = Arena.ofConfined()) {
            Candidates candidates = new Candidates(logits.length);
            candidates.load(row(arena, logits), 0);
            return candidates;
        }
    }

    static List<Integer> tokens(Candidates candidates) {
        return IntStream.range(0, candidates.size()).mapToObj(candidates::token).toList();
    }

    static List<Integer> tokens(List<Entry> entries) {
        return entries.stream().map(Entry::token).toList();
    }
}
