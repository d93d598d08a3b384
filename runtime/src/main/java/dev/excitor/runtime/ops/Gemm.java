package dev.excitor.runtime.ops;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Products of f32 matrices in native memory that one worker computes alone: the steps of training, where activations
/// meet each other, or meet a weight matrix from its other side. (Activations times the transpose of weights, the
/// product of inference, is [dev.excitor.runtime.kernel.MatMul].)
///
/// Whoever wants several workers deals them columns or rows of the result, so that a sum never depends on how many
/// there are.
public interface Gemm {

    /// A matrix, or a part of one, in native f32.
    ///
    /// @param data       holds it
    /// @param at         byte of its first number
    /// @param stride     numbers from one row in memory to the next
    /// @param transposed whether rows in memory are its columns
    record View(MemorySegment data, long at, int stride, boolean transposed) {

        /// Rows of `stride` numbers from the start of a segment on.
        public static View of(MemorySegment data, int stride) {
            return new View(data, 0, stride, false);
        }

        /// The part that begins at a row and column.
        public View from(int row, int col) {
            return new View(data, at(row, col), stride, transposed);
        }

        /// The same numbers with rows and columns exchanged.
        public View transpose() {
            return new View(data, at, stride, !transposed);
        }

        long at(int row, int col) {
            return at + 4 * (transposed ? (long) col * stride + row : (long) row * stride + col);
        }
    }

    /// The least number of columns of a weight matrix that can be computed apart from others, so the grain of shares.
    static int grain(Tensor weights) {
        return Math.max(32, weights.format().blockSize());
    }

    /// `C[m, n] = A[m, k] B[k, n]`, or `C +=` that.
    ///
    /// Accumulated in f32 over runs of k: |c - exact| <= c k eps sum |a b|.
    ///
    /// @param c not transposed; may not overlap a or b
    void multiply(Worker worker, View a, View b, View c, int m, int n, int k, boolean add);

    /// `C[m, from to] = A[m, rows] W[rows, from to]` for some columns of a weight matrix in any format, or `C +=` that:
    /// with dY for A, the gradient dX of `Y = X W^T`.
    ///
    /// @param c    `[m, cols]`, not transposed; only its columns `from` to `to` are touched
    /// @param from a multiple of [#grain]
    /// @param to   a multiple of [#grain], or the number of columns
    void multiply(Worker worker, View a, Tensor w, View c, int m, int from, int to, boolean add);

    /// The definition: sums in double.
    final class Scalar implements Gemm {
        @Override
        public void multiply(Worker worker, View a, View b, View c, int m, int n, int k, boolean add) {
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n; j++) {
                    double sum = add ? Blocks.f32(c.data(), c.at(i, j)) : 0;
                    for (int l = 0; l < k; l++) {
                        sum += (double) Blocks.f32(a.data(), a.at(i, l)) * Blocks.f32(b.data(), b.at(l, j));
                    }
                    Blocks.putF32(c.data(), c.at(i, j), (float) sum);
                }
            }
        }

        @Override
        public void multiply(Worker worker, View a, Tensor w, View c, int m, int from, int to, boolean add) {
            int cols = to - from;
            if (cols == 0) {
                return;
            }
            float[] row = worker.floats(cols);
            double[] sums = new double[Math.multiplyExact(m, cols)];
            Arrays.setAll(sums, i -> add ? Blocks.f32(c.data(), c.at(i / cols, from + i % cols)) : 0);
            for (int l = 0; l < w.shape().rows(); l++) {
                w.format().decode(w.data(), l * w.rowBytes() + w.format().rowBytes(from), row, 0, cols);
                for (int i = 0; i < m; i++) {
                    double factor = Blocks.f32(a.data(), a.at(i, l));
                    for (int j = 0; j < cols; j++) {
                        sums[i * cols + j] += factor * row[j];
                    }
                }
            }
            for (int i = 0; i < sums.length; i++) {
                Blocks.putF32(c.data(), c.at(i / cols, from + i % cols), (float) sums[i]);
            }
        }
    }
}
