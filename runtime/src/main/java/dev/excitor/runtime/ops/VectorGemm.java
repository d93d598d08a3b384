package dev.excitor.runtime.ops;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.kernel.vector.GemmTile;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/// [Gemm] on the Vector API: a panel of B is brought into the second-level cache as f32, in strips of [#STRIP] columns
/// that stay in the first-level cache while all rows of A pass, tile by tile ([GemmTile]).
///
/// A worker's floats hold, in this order, some rows of A, the sums they make, the panel, and one row on its way into
/// it.
final class VectorGemm implements Gemm {

    /// Columns that a tile computes at once.
    private static final int STRIP = 32;

    /// Rows of a panel: 24 KiB of a strip.
    private static final int DEPTH = 192;

    /// Columns of a panel.
    private static final int COLS = 256;

    /// Rows of A at a time: whole tiles of every width.
    private static final int ROWS = 120;

    private static final int SUMS = ROWS * DEPTH;
    private static final int PANEL = SUMS + ROWS * COLS;
    private static final int LINE = PANEL + DEPTH * COLS;
    private static final int FLOATS = LINE + COLS;

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final GemmTile tile;
    private final int bits;

    VectorGemm(int bits) {
        this.tile = GemmTile.ofBits(bits);
        this.bits = bits;
    }

    /// Brings part of a row of B, `count` numbers from column `col` on, into `target[LINE..]`.
    @FunctionalInterface
    private interface Source {
        void line(int row, int col, int count, float[] target);
    }

    @Override
    public void multiply(Worker worker, View a, View b, View c, int m, int n, int k, boolean add) {
        float[] s = worker.floats(FLOATS);
        for (int col = 0; col < n; col += COLS) {
            int width = Math.min(COLS, n - col);
            for (int depth = 0; depth < k || depth == 0; depth += DEPTH) {
                int height = Math.min(DEPTH, k - depth);
                if (b.transposed()) {
                    packTransposed(b.from(depth, col), height, width, s);
                } else {
                    pack(b.from(depth, col), height, width, s);
                }
                rows(a, depth, height, c, m, col, width, add || depth > 0, s);
            }
        }
    }

    @Override
    public void multiply(Worker worker, View a, Tensor w, View c, int m, int from, int to, boolean add) {
        float[] s = worker.floats(FLOATS);
        int k = w.shape().rows();
        Source source = decoder(w);
        for (int col = from; col < to; col += COLS) {
            int width = Math.min(COLS, to - col);
            for (int depth = 0; depth < k; depth += DEPTH) {
                int height = Math.min(DEPTH, k - depth);
                for (int row = 0; row < height; row++) {
                    source.line(depth + row, col, width, s);
                    spread(s, row, height, width);
                }
                rows(a, depth, height, c, m, col, width, add || depth > 0, s);
            }
        }
    }

    private Source decoder(Tensor w) {
        Format format = w.format();
        Optional<VectorKernel> kernel = format.vectorKernel().map(template -> VectorKernel.of(template, bits));
        if (kernel.isPresent()) {
            VectorKernel fast = kernel.get();
            return (row, col, count, target) ->
                    fast.decode(w.data(), row * w.rowBytes() + format.rowBytes(col), target, LINE, count);
        }
        return (row, col, count, target) ->
                format.decode(w.data(), row * w.rowBytes() + format.rowBytes(col), target, LINE, count);
    }

    private static void pack(View b, int height, int width, float[] s) {
        for (int row = 0; row < height; row++) {
            Blocks.copyF32(b.data(), b.at(row, 0), s, LINE, width);
            spread(s, row, height, width);
        }
    }

    private static void packTransposed(View b, int height, int width, float[] s) {
        MemorySegment data = b.data();
        for (int col = 0; col < width; col++) {
            long at = b.at(0, col);
            int to = PANEL + col / STRIP * STRIP * height + col % STRIP;
            for (int row = 0; row < height; row++) {
                s[to + row * STRIP] = data.get(FLOAT, at + 4L * row);
            }
        }
        for (int col = width; col % STRIP != 0; col++) {
            int to = PANEL + col / STRIP * STRIP * height + col % STRIP;
            for (int row = 0; row < height; row++) {
                s[to + row * STRIP] = 0;
            }
        }
    }

    /// Deals the line out to the strips of the panel, filled up with zeros.
    private static void spread(float[] s, int row, int height, int width) {
        int whole = (width + STRIP - 1) / STRIP * STRIP;
        Arrays.fill(s, LINE + width, LINE + whole, 0f);
        for (int strip = 0; strip < whole; strip += STRIP) {
            System.arraycopy(s, LINE + strip, s, PANEL + strip * height + row * STRIP, STRIP);
        }
    }

    /// All rows of A, some columns of it, times the panel.
    private void rows(View a, int depth, int height, View c, int m, int col, int width, boolean add, float[] s) {
        for (int first = 0; first < m; first += ROWS) {
            int count = Math.min(ROWS, m - first);
            packRows(a.from(first, depth), count, height, s);
            if (add) {
                for (int row = 0; row < count; row++) {
                    Blocks.copyF32(c.data(), c.at(first + row, col), s, SUMS + row * COLS, width);
                }
            }
            for (int strip = 0; strip < width; strip += STRIP) {
                for (int row = 0; row < count; row += tile.rows()) {
                    int sums = SUMS + row * COLS + strip;
                    tile.multiply(s, row * DEPTH, DEPTH, s, PANEL + strip * height, sums, COLS, height, !add);
                }
            }
            for (int row = 0; row < count; row++) {
                Blocks.copyF32(s, SUMS + row * COLS, c.data(), c.at(first + row, col), width);
            }
        }
    }

    private void packRows(View a, int count, int height, float[] s) {
        if (a.transposed()) {
            MemorySegment data = a.data();
            for (int l = 0; l < height; l++) {
                long at = a.at(0, l);
                for (int row = 0; row < count; row++) {
                    s[row * DEPTH + l] = data.get(FLOAT, at + 4L * row);
                }
            }
        } else {
            for (int row = 0; row < count; row++) {
                Blocks.copyF32(a.data(), a.at(row, 0), s, row * DEPTH, height);
            }
        }
        for (int row = count; row % tile.rows() != 0; row++) {
            Arrays.fill(s, row * DEPTH, row * DEPTH + height, 0f);
        }
    }
}
