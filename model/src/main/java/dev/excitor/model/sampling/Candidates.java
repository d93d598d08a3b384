package dev.excitor.model.sampling;

import dev.excitor.runtime.ExcitorException.NotFinite;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/// The tokens that can still be chosen, each with its logit: what the steps of a [Sampler] work on.
///
/// The arrays have the vocabulary's size and live as long as the sampler, so that choosing a token allocates nothing.
/// After [#load] the candidates are the whole vocabulary in order of the ids; the selecting methods reorder them. All
/// orders are total, equal keys being ordered by the lower id first, so that no result depends on an algorithm.
public final class Candidates {

    private final int vocabulary;
    private final int[] tokens;
    private final float[] logits;
    private final float[] keys;
    private final double[] weights;
    private int size;

    /// How many candidates [#takeBest] still has before it: they form a heap at the front of the arrays.
    private int heap;

    /// @param vocabulary the number of tokens, at least 1
    public Candidates(int vocabulary) {
        if (vocabulary < 1) {
            throw new IllegalArgumentException(
                    "A vocabulary must have at least one token, but has " + vocabulary + ".");
        }
        this.vocabulary = vocabulary;
        this.tokens = new int[vocabulary];
        this.logits = new float[vocabulary];
        this.keys = new float[vocabulary];
        this.weights = new double[vocabulary];
    }

    /// Takes a row of logits: `float[vocabulary]` in the machine's byte order.
    ///
    /// @param source the segment that holds the row
    /// @param at     the byte where it starts
    /// @throws NotFinite if a logit is NaN or +infinity, or all are -infinity; a single -infinity means "masked"
    public void load(MemorySegment source, long at) {
        MemorySegment.copy(source, ValueLayout.JAVA_FLOAT_UNALIGNED, at, logits, 0, vocabulary);
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < vocabulary; i++) {
            tokens[i] = i;
            float logit = logits[i];
            // The one comparison per number catches NaN too, for which every comparison is false.
            if (!(logit <= max)) {
                if (!(logit < Float.POSITIVE_INFINITY)) {
                    throw new NotFinite("the logits", logit + " for token " + i);
                }
                max = logit;
            }
        }
        size = vocabulary;
        heap = 0;
        requireUnmasked(max);
    }

    public int size() {
        return size;
    }

    public int token(int index) {
        return tokens[Objects.checkIndex(index, size)];
    }

    public float logit(int index) {
        return logits[Objects.checkIndex(index, size)];
    }

    /// Sets a logit; what overflows a float is held at its largest number, so that +infinity never appears.
    ///
    /// @throws IllegalArgumentException if the value is NaN
    public void setLogit(int index, double value) {
        if (Double.isNaN(value)) {
            throw new IllegalArgumentException("The logit of token " + token(index) + " was set to NaN.");
        }
        logits[Objects.checkIndex(index, size)] = (float) Math.min(value, Float.MAX_VALUE);
    }

    /// The weight that [#softmax] gave a candidate.
    public double weight(int index) {
        return weights[Objects.checkIndex(index, size)];
    }

    /// @return the largest logit, which is finite
    /// @throws NotFinite if every candidate is masked
    public float max() {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < size; i++) {
            max = Math.max(max, logits[i]);
        }
        return requireUnmasked(max);
    }

    /// Gives each candidate the weight `exp(logit - max)`; divided by their sum these are the probabilities.
    ///
    /// @return the sum of the weights: at least 1
    public double softmax() {
        return Exponentials.fill(logits, size, max(), weights);
    }

    /// Divides the logits by `t > 0`. Only their differences count, so the largest is moved to 0 first: then no t,
    /// however small, makes two infinities of which the difference would be NaN.
    void divide(float t) {
        double max = max();
        for (int i = 0; i < size; i++) {
            logits[i] = (float) ((logits[i] - max) / t);
        }
    }

    /// Keeps the first candidates.
    public void truncate(int count) {
        Objects.checkIndex(count - 1, size);
        size = count;
    }

    /// Keeps the candidates whose logit is not below a limit, in their order. The limit must leave one.
    public void keepFrom(double limit) {
        int kept = 0;
        for (int i = 0; i < size; i++) {
            if (logits[i] >= limit) {
                move(i, kept++);
            }
        }
        truncate(kept);
    }

    /// Keeps the candidates whose weight is not below a limit, in their order. The limit must leave one.
    void keepWeightsFrom(double limit) {
        int kept = 0;
        for (int i = 0; i < size; i++) {
            if (weights[i] >= limit) {
                move(i, kept++);
            }
        }
        truncate(kept);
    }

    /// Keeps the `count` candidates of the largest logits, best first; does nothing when there are not more than that.
    ///
    /// A heap of the best so far, with the worst of them on top, sits at the front while the rest is looked through: on
    /// logits in no particular order `n + k log(n) log(k)` steps.
    public void keepBest(int count) {
        if (count >= size) {
            return;
        }
        Objects.checkIndex(count - 1, size);
        for (int i = count / 2 - 1; i >= 0; i--) {
            sift(logits, i, count, false);
        }
        for (int i = count; i < size; i++) {
            if (logits[i] >= logits[0] && isBefore(logits, i, 0)) {
                move(i, 0);
                sift(logits, 0, count, false);
            }
        }
        for (int last = count - 1; last > 0; last--) {
            swap(0, last);
            sift(logits, 0, last, false);
        }
        size = count;
    }

    /// Prepares [#takeBest] by logit.
    void rankByLogit() {
        System.arraycopy(logits, 0, keys, 0, size);
        rankByKey();
    }

    /// Prepares [#takeBest] by the keys that [#setKey] set for all candidates.
    void rankByKey() {
        heap = size;
        for (int i = size / 2 - 1; i >= 0; i--) {
            sift(keys, i, size, true);
        }
    }

    /// Sets the number by which [#rankByKey] ranks a candidate: the largest is the best.
    void setKey(int index, float key) {
        keys[Objects.checkIndex(index, size)] = key;
    }

    /// Keeps the candidates whose key is not below a limit, in their order. The limit must leave one.
    void keepKeysFrom(float limit) {
        int kept = 0;
        for (int i = 0; i < size; i++) {
            if (keys[i] >= limit) {
                move(i, kept++);
            }
        }
        truncate(kept);
    }

    /// Takes the best candidate that was not taken yet, after [#rankByLogit] or [#rankByKey].
    ///
    /// @return its weight
    double takeBest() {
        Objects.checkIndex(heap - 1, size);
        heap--;
        swap(0, heap);
        sift(keys, 0, heap, true);
        return weights[heap];
    }

    /// How many candidates are left for [#takeBest].
    int remaining() {
        return heap;
    }

    /// Keeps the candidates that were taken, the first taken first.
    void keepTaken() {
        int taken = size - heap;
        for (int low = 0, high = size - 1; low < high; low++, high--) {
            swap(low, high);
        }
        truncate(taken);
    }

    /// Restores the heap below `root`, whose top is the best candidate or the worst.
    private void sift(float[] by, int root, int end, boolean bestOnTop) {
        int parent = root;
        while (2 * parent + 1 < end) {
            int child = 2 * parent + 1;
            if (child + 1 < end && isBefore(by, child + 1, child) == bestOnTop) {
                child++;
            }
            if (isBefore(by, child, parent) != bestOnTop) {
                return;
            }
            swap(parent, child);
            parent = child;
        }
    }

    private boolean isBefore(float[] by, int i, int j) {
        return by[i] > by[j] || (by[i] == by[j] && tokens[i] < tokens[j]);
    }

    private void move(int from, int to) {
        tokens[to] = tokens[from];
        logits[to] = logits[from];
        keys[to] = keys[from];
        weights[to] = weights[from];
    }

    private void swap(int i, int j) {
        int token = tokens[i];
        float logit = logits[i];
        float key = keys[i];
        double weight = weights[i];
        move(j, i);
        tokens[j] = token;
        logits[j] = logit;
        keys[j] = key;
        weights[j] = weight;
    }

    private static float requireUnmasked(float max) {
        if (max == Float.NEGATIVE_INFINITY) {
            throw new NotFinite("the logits", "-Infinity for every token that may be chosen");
        }
        return max;
    }
}
