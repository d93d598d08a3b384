package dev.excitor.runtime.kernel.amx;

import dev.excitor.runtime.format.Blocks;
import java.lang.foreign.MemorySegment;

/// Looks numbers up in [BrainTiles], by where its picture says that they are.
final class TileReader {

    private TileReader() {}

    /// A weight of 16 rows whose tiles start at byte 0.
    static float weight(MemorySegment tiles, int row, int col) {
        return number(tiles, tile(col) + 64L * row + 2L * position(col));
    }

    /// An activation of 16 rows whose tiles start at byte `at`.
    static float activation(MemorySegment tiles, long at, int row, int col) {
        int position = position(col);
        return number(tiles, at + tile(col) + position / 2 * 64L + 4L * row + position % 2 * 2L);
    }

    private static long tile(int col) {
        return col / 64 * 2048L + col % 4 / 2 * 1024L;
    }

    /// Of the 32 columns of a tile: those that are even in their four before those that are odd.
    private static int position(int col) {
        return col % 2 * 16 + col % 64 / 4;
    }

    private static float number(MemorySegment tiles, long at) {
        return Float.intBitsToFloat(Blocks.u16(tiles, at) << 16);
    }
}
