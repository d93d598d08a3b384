package dev.excitor.runtime.kernel.cublas;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/// A matrix and activations, with their product by the definition and how far f16 may be from it.
final class GpuProduct {

    private static final float CANARY = 12345.678f;
    private static final int GAP = 3;

    /// What f16 rounds, relative to the number.
    private static final double HALF_ULP = 0x1p-11;

    private final Tensor w;
    private final float[] x;
    private final int n;

    GpuProduct(Tensor w, float[] x) {
        this.w = w;
        this.x = x;
        this.n = x.length / w.shape().cols();
    }

    static GpuProduct random(Arena arena, Format format, int rows, int cols, int n, Random random) {
        return new GpuProduct(
                tensor(arena, format, rows, cols, numbers(rows * cols, random)), numbers(n * cols, random));
    }

    static Tensor tensor(Arena arena, Format format, int rows, int cols, float[] numbers) {
        Shape shape = new Shape(rows, cols);
        MemorySegment data = arena.allocate(format.bytes(shape));
        format.encode(numbers, 0, numbers.length, data, 0);
        return new Tensor("blk.0.attn_q.weight", format, shape, data);
    }

    static float[] numbers(int count, Random random) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }

    Tensor w() {
        return w;
    }

    int n() {
        return n;
    }

    /// Activations in memory of the arena, with room for what a kernel wants.
    Activations activations(Arena arena, MatMul kernel) {
        Activations activations = new Activations(arena, n, w.shape().cols(), kernel.packings());
        Blocks.copyF32(x, 0, activations.data(), 0, x.length);
        activations.rows(n);
        return activations;
    }

    /// The product as a kernel has it; what lies between its rows stays as it was.
    float[] run(Team team, MatMul kernel, Activations activations) {
        int rows = w.shape().rows();
        int stride = rows + GAP;
        try (Arena arena = Arena.ofShared()) {
            MemorySegment y = arena.allocate(4L * n * stride, 4);
            for (int i = 0; i < n * stride; i++) {
                Blocks.putF32(y, 4L * i, CANARY);
            }
            team.run(worker -> {
                Packing<?> packing = kernel.packing(n);
                if (packing != null) {
                    activations.pack(worker, packing);
                }
                worker.barrier();
                kernel.apply(worker, w, activations, y, stride);
            });
            float[] result = new float[n * rows];
            for (int i = 0; i < n; i++) {
                Blocks.copyF32(y, 4L * i * stride, result, i * rows, rows);
                for (int gap = rows; gap < stride; gap++) {
                    float found = Blocks.f32(y, 4L * (i * stride + gap));
                    if (found != CANARY) {
                        assertThat(found).as("behind row %d of y", i).isEqualTo(CANARY);
                    }
                }
            }
            return result;
        }
    }

    /// Compares with the definition: weights and activations each round once to f16 (docs/gpu.md has the bound), and
    /// sums in f32 round once for each column at most.
    void check(float[] y, String what) {
        int rows = w.shape().rows();
        int cols = w.shape().cols();
        float[] weights = new float[rows * cols];
        w.format().decode(w.data(), 0, weights, 0, weights.length);
        double wMax = max(weights, 0, weights.length);
        for (int i = 0; i < n; i++) {
            double xMax = max(x, i * cols, cols);
            for (int row = 0; row < rows; row++) {
                double exact = 0;
                double rounding = 0;
                double magnitude = 0;
                for (int col = 0; col < cols; col++) {
                    double a = weights[row * cols + col];
                    double b = x[i * cols + col];
                    double da = HALF_ULP * Math.abs(a) + 0x1p-19 * wMax;
                    double db = HALF_ULP * Math.abs(b) + 0x1p-39 * xMax + 0x1p-151;
                    exact += a * b;
                    rounding += da * Math.abs(b) + Math.abs(a) * db + da * db;
                    magnitude += (Math.abs(a) + da) * (Math.abs(b) + db);
                }
                double bound = rounding + (cols + 2) * 0x1p-23 * magnitude + Float.MIN_NORMAL;
                double error = Math.abs(y[i * rows + row] - exact);
                if (!(error <= bound)) {
                    assertThat(error)
                            .as(
                                    "%s: row %d of activations %d, %dx%d %s",
                                    what, row, i, rows, cols, w.format().name())
                            .isLessThanOrEqualTo(bound);
                }
            }
        }
    }

    private static double max(float[] numbers, int from, int count) {
        double max = 0;
        for (int i = from; i < from + count; i++) {
            max = Math.max(max, Math.abs(numbers[i]));
        }
        return max;
    }
}
