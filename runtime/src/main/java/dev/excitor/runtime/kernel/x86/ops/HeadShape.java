package dev.excitor.runtime.kernel.x86.ops;

import static dev.excitor.runtime.kv.KvLayout.PAGE;
import static dev.excitor.runtime.kv.KvLayout.TILE;

import dev.excitor.runtime.kv.KvLayout;
import java.util.Optional;

/// The extents that a kernel of attention is assembled for, and where in a worker's scratch everything lies:
///
/// ```text
///    0  arguments of the kernels
///  192  factors   [4] f32          of what the rows in progress have summed before
///  256  weights   [4][PAGE] f32      of the four rows in progress
/// 1280  tiles     one for each four rows
///       extra     [group] i64        byte of a page where the extra vectors of each query head are
///       pages     [] i64             addresses, the last one twice
///
/// tile:
///    0  limit     [4] i32            positions that a row sees
///   32  extra     [4] i64            byte of a page where the row's extra vectors are
///   64  b         [4] i64            address of the other side of their product
///  128  max       [4][4] f32         the largest score so far, four times
///  192  total     [4][4] f32         the sum of the weights so far, four times
///  256  q         [4][keyDim] f32    scaled
///       sums      [4][valueDim] f32
/// ```
///
/// @param extraWidth numbers of an extra vector, 0 where the kernel knows none
record HeadShape(int keyDim, int valueDim, KvLayout.Type type, int extraWidth) {

    /// Rows of a tile.
    static final int ROWS = 4;

    static final int FACTORS = 192;
    static final int WEIGHTS = 256;
    static final int TILES = WEIGHTS + ROWS * PAGE * Float.BYTES;

    static final int LIMIT = 0;
    static final int EXTRA = 32;
    static final int B = 64;
    static final int MAX = 128;
    static final int TOTAL = 192;
    static final int Q = 256;

    /// Loops over a head are unrolled, so that longer ones would make long code.
    private static final int MOST = 512;

    /// Why there is no kernel for a cache; empty where there is one.
    static Optional<String> obstacle(KvLayout layout) {
        return obstacle("keys", layout.keyDim()).or(() -> obstacle("values", layout.valueDim()));
    }

    private static Optional<String> obstacle(String what, int dim) {
        return dim % TILE == 0 && dim <= MOST
                ? Optional.empty()
                : Optional.of("%s of %d numbers are no multiple of %d up to %d".formatted(what, dim, TILE, MOST));
    }

    /// @param extraWidth 0 for a kernel without the second term
    static HeadShape of(KvLayout layout, int extraWidth) {
        return new HeadShape(layout.keyDim(), layout.valueDim(), layout.type(), extraWidth);
    }

    /// Bytes of a stored number.
    int bytes() {
        return type.bytes();
    }

    /// Bytes of a page where the keys of one head are.
    int keyBytes() {
        return PAGE * keyDim * bytes();
    }

    int valueBytes() {
        return PAGE * valueDim * bytes();
    }

    /// Byte of a tile where a row of queries is.
    int q(int row) {
        return Q + row * keyDim * Float.BYTES;
    }

    /// Byte of a tile where a row of sums is.
    int sums(int row) {
        return q(ROWS) + row * valueDim * Float.BYTES;
    }

    int tileBytes() {
        return sums(ROWS);
    }
}
