package dev.excitor.train.ops;

import java.util.Arrays;

/// Token sequences that go through the model together, end to end without padding: products see one matrix of rows,
/// attention sees each sequence by itself, and every sequence begins at position 0.
///
/// @param tokens  all of them, in order
/// @param targets the token that each row is to predict, or [#UNSCORED]
/// @param starts  the row where each sequence begins, and, last, the number of rows
public record Sequences(int[] tokens, int[] targets, int[] starts) {

    /// The target of a row whose prediction is not part of the loss.
    public static final int UNSCORED = -1;

    public Sequences {
        if (targets.length != tokens.length || starts.length < 2 || starts[starts.length - 1] != tokens.length) {
            throw new IllegalArgumentException("%d tokens, %d targets, sequences at %s"
                    .formatted(tokens.length, targets.length, Arrays.toString(starts)));
        }
    }

    /// n, rows in all.
    public int rows() {
        return tokens.length;
    }

    /// Sequences.
    public int count() {
        return starts.length - 1;
    }

    public int start(int sequence) {
        return starts[sequence];
    }

    /// One past its last row.
    public int end(int sequence) {
        return starts[sequence + 1];
    }

    /// Tokens of the longest sequence.
    public int longest() {
        int longest = 0;
        for (int i = 0; i < count(); i++) {
            longest = Math.max(longest, end(i) - start(i));
        }
        return longest;
    }

    /// Rows whose prediction counts.
    public int scored() {
        return (int) Arrays.stream(targets).filter(target -> target != UNSCORED).count();
    }
}
