package dev.excitor.runtime.kernel.vector;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/// Products with f32 activations on the Vector API, for every format that has a [VectorKernel].
///
/// A few rows: each weight row is multiplied as it is read ([VectorKernel#gemv]), a strip of rows at a time so that the
/// strip stays in the first-level cache while all activation rows meet it. Many rows: a panel of weight rows is decoded
/// to f32 once, stays in the second-level cache, and meets the packed activations tile by tile ([GemmTile]).
final class VectorMatMul implements MatMul {

    /// From this many activation rows on, decoding a panel once pays.
    private static final int GEMM_FROM = FloatRows.ROWS + 1;

    /// Weight rows that stay in the first-level cache while a few activation rows pass.
    private static final int STRIP = 16;

    /// Weight rows and columns decoded at a time: 192 KiB of f32, for the second-level cache.
    private static final int PANEL_ROWS = 96;

    private static final int PANEL_COLS = 512;

    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private final String name;
    private final VectorKernel kernel;
    private final GemmTile tile;

    VectorMatMul(String name, VectorKernel kernel, GemmTile tile) {
        this.name = name;
        this.kernel = kernel;
        this.tile = tile;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Packing<?> packing(int rows) {
        return rows >= GEMM_FROM ? FloatPanels.INSTANCE : FloatRows.INSTANCE;
    }

    @Override
    public List<Packing<?>> packings() {
        return List.of(FloatPanels.INSTANCE, FloatRows.INSTANCE);
    }

    @Override
    public void apply(Worker worker, Tensor w, Activations x, MemorySegment y, int yStride) {
        int rows = w.shape().rows();
        if (x.rows() >= GEMM_FROM) {
            int grain = tile.rows();
            gemm(worker, w, x, y, yStride, worker.from(rows, grain), worker.to(rows, grain));
        } else {
            gemv(worker, w, x, y, yStride, worker.from(rows, STRIP), worker.to(rows, STRIP));
        }
    }

    private void gemv(Worker worker, Tensor w, Activations x, MemorySegment y, int yStride, int from, int to) {
        int cols = w.shape().cols();
        float[] xs = x.packed(FloatRows.INSTANCE);
        float[] sums = worker.floats(STRIP);
        for (int strip = from; strip < to; strip += STRIP) {
            int height = Math.min(to - strip, STRIP);
            for (int i = 0; i < x.rows(); i++) {
                kernel.gemv(w.data(), cols, xs, i * cols, sums, 0, strip, strip + height);
                MemorySegment.copy(sums, 0, y, FLOAT, 4L * ((long) i * yStride + strip), height);
            }
        }
    }

    private void gemm(Worker worker, Tensor w, Activations x, MemorySegment y, int yStride, int from, int to) {
        int cols = w.shape().cols();
        int tokens = (x.rows() + FloatPanels.PANEL - 1) / FloatPanels.PANEL * FloatPanels.PANEL;
        float[] scratch = worker.floats(PANEL_ROWS * (PANEL_COLS + tokens));
        int sums = PANEL_ROWS * PANEL_COLS;
        float[] packed = x.packed(FloatPanels.INSTANCE);
        for (int first = from; first < to; first += PANEL_ROWS) {
            int height = Math.min(PANEL_ROWS, to - first);
            for (int col = 0; col < cols; col += PANEL_COLS) {
                int width = Math.min(PANEL_COLS, cols - col);
                decode(w, first, height, col, width, scratch);
                for (int token = 0; token < tokens; token += FloatPanels.PANEL) {
                    int b = (token / FloatPanels.PANEL * cols + col) * FloatPanels.PANEL;
                    for (int row = 0; row < height; row += tile.rows()) {
                        int c = sums + row * tokens + token;
                        tile.multiply(scratch, row * PANEL_COLS, PANEL_COLS, packed, b, c, tokens, width, col == 0);
                    }
                }
            }
            store(scratch, sums, tokens, height, y, yStride, first, x.rows());
        }
    }

    /// Decodes `height` x `width` weights into rows of PANEL_COLS floats.
    private void decode(Tensor w, int first, int height, int col, int width, float[] panel) {
        long colBytes = w.format().rowBytes(col);
        for (int row = 0; row < height; row++) {
            long at = (first + row) * w.rowBytes() + colBytes;
            kernel.decode(w.data(), at, panel, row * PANEL_COLS, width);
        }
    }

    /// Turns sums, `[height][tokens]`, into rows of y.
    private static void store(
            float[] scratch, int sums, int tokens, int height, MemorySegment y, int yStride, int first, int n) {
        for (int i = 0; i < n; i++) {
            long at = 4L * ((long) i * yStride + first);
            for (int row = 0; row < height; row++) {
                y.set(FLOAT, at + 4L * row, scratch[sums + row * tokens + i]);
            }
        }
    }
}
