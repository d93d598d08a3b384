package dev.excitor.train;

import dev.excitor.train.ops.Sequences;
import java.util.List;

/// One text to learn from.
///
/// @param tokens  the whole text, prompts and answers
/// @param targets the token that each token is to predict, or [Sequences#UNSCORED] where the next one is not part of an
///                answer
public record Example(int[] tokens, int[] targets) {

    public Example {
        if (tokens.length != targets.length || tokens.length == 0) {
            throw new IllegalArgumentException("%d tokens and %d targets".formatted(tokens.length, targets.length));
        }
    }

    /// Tokens whose prediction counts.
    public int scored() {
        int scored = 0;
        for (int target : targets) {
            if (target != Sequences.UNSCORED) {
                scored++;
            }
        }
        return scored;
    }

    /// Several examples end to end.
    static Sequences join(List<Example> examples) {
        int[] starts = new int[examples.size() + 1];
        for (int i = 0; i < examples.size(); i++) {
            starts[i + 1] = starts[i] + examples.get(i).tokens.length;
        }
        int[] tokens = new int[starts[examples.size()]];
        int[] targets = new int[tokens.length];
        for (int i = 0; i < examples.size(); i++) {
            Example example = examples.get(i);
            System.arraycopy(example.tokens, 0, tokens, starts[i], example.tokens.length);
            System.arraycopy(example.targets, 0, targets, starts[i], example.targets.length);
        }
        return new Sequences(tokens, targets, starts);
    }
}
