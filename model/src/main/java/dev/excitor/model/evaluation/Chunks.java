package dev.excitor.model.evaluation;

import dev.excitor.model.tokenizer.Vocabulary;
import dev.excitor.runtime.ExcitorException;
import java.util.Arrays;

/// A text cut into chunks of equal length, as llama.cpp's perplexity does it, so that numbers can be compared.
///
/// What is left at the end is dropped. The first token of each chunk makes way for BOS, where the vocabulary
/// wants one. A model reads each chunk by itself, and the tokens of its second half are scored, each given all
/// before it in the chunk: positions c/2 to c - 2 predict the token behind them.
public final class Chunks {

    /// Fewer leave nothing to score.
    private static final int LEAST = 3;

    private final int[] tokens;
    private final int size;

    private Chunks(int[] tokens, int size) {
        this.tokens = tokens;
        this.size = size;
    }

    /// Cuts a text.
    ///
    /// @param text  its tokens
    /// @param size  c, tokens of a chunk
    /// @param bos   the token that opens each chunk, or [Vocabulary#NONE]
    /// @param limit most chunks wanted; -1 for all there are
    /// @throws ExcitorException.InvalidOption when the text has not one whole chunk, or a number is out of range
    public static Chunks of(int[] text, int size, int bos, int limit) {
        if (size < LEAST) {
            throw new ExcitorException.InvalidOption("the size of a chunk (-c)", LEAST + " tokens or more", size);
        }
        if (limit == 0 || limit < -1) {
            throw new ExcitorException.InvalidOption("the number of chunks", "1 or more, or -1 for all", limit);
        }
        if (text.length < size) {
            throw new ExcitorException.InvalidOption(
                    "the text", "at least one chunk of %d tokens long (-c)".formatted(size), text.length + " tokens");
        }
        int all = text.length / size;
        int count = limit < 0 ? all : Math.min(limit, all);
        int[] tokens = Arrays.copyOf(text, count * size);
        for (int at = 0; at < tokens.length && bos != Vocabulary.NONE; at += size) {
            tokens[at] = bos;
        }
        return new Chunks(tokens, size);
    }

    /// c, tokens of a chunk.
    public int size() {
        return size;
    }

    /// n, how many chunks there are.
    public int count() {
        return tokens.length / size;
    }

    /// Tokens of a chunk that are scored.
    public int scored() {
        return scored(size);
    }

    /// Tokens of a chunk of c that are scored: c - 1 - c/2.
    static int scored(int size) {
        return size - 1 - size / 2;
    }

    /// The first chunks of these.
    ///
    /// @param most how many; all where there are not so many
    public Chunks first(int most) {
        return most >= count() ? this : new Chunks(Arrays.copyOf(tokens, most * size), size);
    }

    /// The tokens of one chunk.
    public int[] chunk(int index) {
        return Arrays.copyOfRange(tokens, index * size, (index + 1) * size);
    }
}
