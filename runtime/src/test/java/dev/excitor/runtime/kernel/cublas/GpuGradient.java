package dev.excitor.runtime.kernel.cublas;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.GradientMatMul;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.ops.Gemm;
import dev.excitor.runtime.team.Team;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;

/// A matrix and gradients of its results, with their way back by the definition and how far f16 may be from it.
record GpuGradient(Tensor w, float[] dy) {

    private static final float CANARY = 12345.678f;

    /// What lies behind the last row of dX.
    private static final int GAP = 5;

    /// What dX holds before something is added to it.
    private static final float BEFORE = 0.75f;

    private static final double HALF_ULP = 0x1p-11;

    static GpuGradient random(Arena arena, Format format, int rows, int cols, int n, Random random) {
        Tensor w = GpuProduct.tensor(arena, format, rows, cols, GpuProduct.numbers(rows * cols, random));
        return new GpuGradient(w, GpuProduct.numbers(n * rows, random));
    }

    int n() {
        return dy.length / w.shape().rows();
    }

    /// Gradients in memory of the arena, with room for what the kernel's way back wants.
    Activations activations(Arena arena, MatMul kernel) {
        GradientMatMul gradient = kernel.gradient();
        List<Packing<?>> packings = gradient == null ? List.of() : gradient.packings();
        Activations activations = new Activations(arena, n(), w.shape().rows(), packings);
        Blocks.copyF32(dy, 0, activations.data(), 0, dy.length);
        activations.rows(n());
        return activations;
    }

    /// dX as the kernel has it, or the CPU where the kernel leaves it to that; what lies behind it stays as it was.
    float[] run(Team team, MatMul kernel, Activations activations, boolean add) {
        int count = n() * w.shape().cols();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment dx = arena.allocate(4L * (count + GAP), 4);
            for (int i = 0; i < count + GAP; i++) {
                Blocks.putF32(dx, 4L * i, i < count ? BEFORE : CANARY);
            }
            team.run(worker -> multiply(worker, kernel, activations, dx, add));
            for (int i = count; i < count + GAP; i++) {
                assertThat(Blocks.f32(dx, 4L * i)).as("behind dX").isEqualTo(CANARY);
            }
            float[] result = new float[count];
            Blocks.copyF32(dx, 0, result, 0, count);
            return result;
        }
    }

    private void multiply(Worker worker, MatMul kernel, Activations activations, MemorySegment dx, boolean add) {
        GradientMatMul gradient = kernel.gradient();
        Packing<?> packing = gradient == null ? null : gradient.packing(n());
        if (gradient != null && packing != null) {
            activations.pack(worker, packing);
            worker.barrier();
            gradient.apply(worker, activations, dx, add);
        } else if (worker.index() == 0) {
            int cols = w.shape().cols();
            Gemm.View rows = Gemm.View.of(activations.data(), w.shape().rows());
            new Gemm.Scalar().multiply(worker, rows, w, Gemm.View.of(dx, cols), n(), 0, cols, add);
        }
    }

    /// Compares with the definition in double: weights and gradients each round once to f16 (docs/gpu.md has the
    /// bound), sums in f32 once for each row of W at most, and once more where something is added to.
    void check(float[] dx, boolean add, String what) {
        int rows = w.shape().rows();
        int cols = w.shape().cols();
        float[] weights = new float[rows * cols];
        w.format().decode(w.data(), 0, weights, 0, weights.length);
        double wMax = max(weights, 0, weights.length);
        for (int i = 0; i < n(); i++) {
            double rowMax = max(dy, i * rows, rows);
            for (int col = 0; col < cols; col++) {
                double exact = 0;
                double rounding = 0;
                double magnitude = 0;
                for (int row = 0; row < rows; row++) {
                    double a = weights[row * cols + col];
                    double b = dy[i * rows + row];
                    double da = HALF_ULP * Math.abs(a) + 0x1p-19 * wMax;
                    double db = HALF_ULP * Math.abs(b) + 0x1p-39 * rowMax + 0x1p-151;
                    exact += a * b;
                    rounding += da * Math.abs(b) + Math.abs(a) * db + da * db;
                    magnitude += (Math.abs(a) + da) * (Math.abs(b) + db);
                }
                double before = add ? BEFORE : 0;
                double bound = rounding + (rows + 2) * 0x1p-23 * magnitude + Float.MIN_NORMAL + 0x1p-23 * before;
                double error = Math.abs(dx[i * cols + col] - (exact + before));
                if (!(error <= bound)) {
                    assertThat(error)
                            .as(
                                    "%s: column %d of gradient %d, %dx%d %s",
                                    what, col, i, rows, cols, w.format().name())
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
