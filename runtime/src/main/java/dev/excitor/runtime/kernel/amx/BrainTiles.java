package dev.excitor.runtime.kernel.amx;

import dev.excitor.runtime.kernel.x86.Constants;

/// Numbers as brain floats, in tiles of 1 KiB that a tile register takes as they are: 16 rows by 32 columns, 16 rows by
/// the next 32, and so on.
///
/// ```text
/// weights       row r of the 16 in bytes 64 r to 64 r + 63: 32 columns, two bytes each
/// activations   columns 2k and 2k + 1 of all 16 rows in bytes 64 k to 64 k + 63, the two of a row together
/// ```
///
/// `tdpbf16ps` multiplies the first by the second: a row of its result belongs to a row of weights, a column to a row
/// of activations. For weights no row has to change places with a column, which is the dearer side: every product
/// unpacks them anew.
///
/// Which 32 of each 64 columns a tile has, and in which order, is the same for both and best for unpacking bytes:
/// those of 16 double words are taken apart by shifts, so that the scales of 16 double words meet them as they are.
///
/// ```text
/// tile 0   columns 0, 4, 8, ... 60, then 1, 5, ... 61 of the 64
/// tile 1   columns 2, 6, ... 62, then 3, 7, ... 63
/// ```
final class BrainTiles {

    static final int ROWS = 16;

    /// Columns of a tile.
    static final int COLS = 32;

    static final int BYTES = 1024;

    /// Bytes of a row of a tile, and from one to the next.
    static final int ROW_BYTES = 64;

    /// Two tiles: the columns that change places among each other.
    static final int STEP_COLS = 2 * COLS;

    static final int STEP_BYTES = 2 * BYTES;

    private BrainTiles() {}

    /// Which of its 64 columns stands at a position of one of the two tiles of a step.
    static int column(int tile, int position) {
        return 4 * (position % 16) + position / 16 + 2 * tile;
    }

    /// The columns of a tile as indices for `vpermt2w`.
    static byte[] columns(int tile) {
        return Constants.words(position -> column(tile, position));
    }
}
