package dev.excitor.runtime.kernel.amx;

/// What `ldtilecfg` takes: the sizes of all tile registers in 64 bytes.
public final class TileShapes {

    private static final int PALETTE = 1;
    private static final int ROW_BYTES_AT = 16;
    private static final int ROWS_AT = 48;
    private static final int TILES = 8;

    private TileShapes() {}

    /// Eight tiles of 16 rows of 64 bytes, as large as they can be.
    public static byte[] allFull() {
        byte[] shapes = new byte[64];
        shapes[0] = PALETTE;
        for (int tile = 0; tile < TILES; tile++) {
            shapes[ROW_BYTES_AT + 2 * tile] = BrainTiles.ROW_BYTES;
            shapes[ROWS_AT + tile] = BrainTiles.ROWS;
        }
        return shapes;
    }
}
