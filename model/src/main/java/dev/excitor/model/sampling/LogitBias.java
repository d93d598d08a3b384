package dev.excitor.model.sampling;

import dev.excitor.runtime.ExcitorException.InvalidOption;
import java.util.Map;
import java.util.TreeMap;

/// `--logit-bias`: adds a number to the logits of some tokens; -infinity forbids one.
public final class LogitBias implements SamplerStep {

    private static final String OPTION = "--logit-bias";

    private final int[] tokens;
    private final float[] biases;

    /// @param biases     what to add, by token
    /// @param vocabulary the number of tokens
    /// @throws InvalidOption if a token is not in the vocabulary, or a bias is NaN or +infinity
    public LogitBias(Map<Integer, Float> biases, int vocabulary) {
        check(biases);
        this.tokens = new int[biases.size()];
        this.biases = new float[biases.size()];
        int count = 0;
        for (Map.Entry<Integer, Float> entry : new TreeMap<>(biases).entrySet()) {
            int token = entry.getKey();
            if (token >= vocabulary) {
                throw new InvalidOption(OPTION, "for a token below the vocabulary's size " + vocabulary, token);
            }
            this.tokens[count] = token;
            this.biases[count++] = entry.getValue();
        }
    }

    static void check(Map<Integer, Float> biases) {
        for (Map.Entry<Integer, Float> entry : biases.entrySet()) {
            if (entry.getKey() < 0) {
                throw new InvalidOption(OPTION, "for a token of the vocabulary", entry.getKey());
            }
            if (!(entry.getValue() < Float.POSITIVE_INFINITY)) {
                throw new InvalidOption(
                        OPTION, "a finite number or -Infinity (for token " + entry.getKey() + ")", entry.getValue());
            }
        }
    }

    @Override
    public void apply(Candidates candidates) {
        for (int b = 0; b < tokens.length; b++) {
            int at = indexOf(tokens[b], candidates);
            if (at >= 0) {
                candidates.setLogit(at, (double) candidates.logit(at) + biases[b]);
            }
        }
    }

    /// Where the step comes first, as in the usual chain, a token still stands at its own place.
    private static int indexOf(int token, Candidates candidates) {
        if (token < candidates.size() && candidates.token(token) == token) {
            return token;
        }
        for (int i = 0; i < candidates.size(); i++) {
            if (candidates.token(i) == token) {
                return i;
            }
        }
        return -1;
    }

    @Override
    public String toString() {
        return "LogitBias[tokens=" + tokens.length + "]";
    }
}
