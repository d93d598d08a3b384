package dev.excitor.model.evaluation;

import dev.excitor.runtime.ExcitorException;
import java.nio.file.Path;

/// Where each number of a baseline file lies: what a model expected at every scored position of a text, for another
/// model to be compared with. All numbers are little-endian.
///
/// ```text
/// byte 0    8 bytes     "XCITBASE"
///      8    u32         version, 1
///     12    u32         V, tokens of the vocabulary
///     16    u32         c, tokens of a chunk
///     20    u32         n, chunks
///     24    n c i32     the tokens of the text, BOS in its place, so that another text is refused
///           n (c - 1 - c/2) rows, one for each scored position, in order of the text; and nothing behind them
///
/// row  0    i32         t, the most probable token
///      4    f32         h, its log-probability
///      8    f32         s, the step between two codes
///     12    f64         the log-probability of the token that came, exact
///     20    V u16       codes: log p = h - (65535 - code) s;  0 for log p < h - 24, taken for p = 0
/// ```
///
/// A code of 16 bits takes half the place of an f32 and is off by 1.9e-4 at most, where an f16 of the same size
/// would be off by 4e-3 at -10; that error enters a divergence squared, see [Divergence]. What is left out below
/// 24 nats sums to less than 5e-6 for a vocabulary of 128,256 tokens. The two numbers that need no rounding,
/// which token is most probable and what the next one had, stand beside the codes, so that agreement and
/// perplexities are exact.
///
/// @param vocabulary V
/// @param size       c
/// @param count      n
record BaselineLayout(int vocabulary, int size, int count) {

    static final byte[] MAGIC = {'X', 'C', 'I', 'T', 'B', 'A', 'S', 'E'};
    static final int VERSION = 1;
    static final int HEADER_BYTES = 24;

    /// Bytes of a row before its codes.
    static final int ROW_HEADER_BYTES = 20;

    /// The code of the most probable token.
    static final int TOP_CODE = 0xffff;

    /// How far below the most probable token a log-probability is still told apart.
    static final double SPAN = 24;

    private static final int MAX_VOCABULARY = 1 << 24;
    private static final int MAX_SIZE = 1 << 28;

    /// Takes extents from a file's header.
    ///
    /// @param fileBytes how long the file is, which must be exactly what the extents say
    static BaselineLayout checked(Path path, long vocabulary, long size, long count, long fileBytes) {
        requireRange(path, 12, "the vocabulary", vocabulary, 1, MAX_VOCABULARY);
        requireRange(path, 16, "the tokens of a chunk", size, 3, MAX_SIZE);
        requireRange(path, 20, "the number of chunks", count, 1, Integer.MAX_VALUE / size);
        BaselineLayout layout = new BaselineLayout((int) vocabulary, (int) size, (int) count);
        long left = fileBytes - layout.rowsAt();
        long rows = count * Chunks.scored(layout.size);
        if (left / layout.rowBytes() != rows || left % layout.rowBytes() != 0) {
            throw new ExcitorException.MalformedFile(
                    path,
                    -1,
                    "expected %d bytes, as its header says, found %d"
                            .formatted(layout.rowsAt() + rows * layout.rowBytes(), fileBytes));
        }
        return layout;
    }

    private static void requireRange(Path path, long at, String what, long found, long min, long max) {
        if (found < min || found > max) {
            throw new ExcitorException.MalformedFile(
                    path, at, "%s: expected a number from %d to %d, found %d".formatted(what, min, max, found));
        }
    }

    /// Bytes of a row.
    int rowBytes() {
        return ROW_HEADER_BYTES + 2 * vocabulary;
    }

    /// Byte where the rows begin.
    long rowsAt() {
        return HEADER_BYTES + 4L * size * count;
    }
}
