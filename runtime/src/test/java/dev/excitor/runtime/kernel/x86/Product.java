package dev.excitor.runtime.kernel.x86;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.foreign.GuardedArena;
import dev.excitor.runtime.foreign.GuardedArena.Place;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.KernelProvider;
import dev.excitor.runtime.kernel.KernelProvider.Accepted;
import dev.excitor.runtime.kernel.KernelProvider.Declined;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.kernel.Regime;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.MemorySegment;

/// A matrix and rows of activations, and any corner of their product: by the machine code, and by the definition.
///
/// @param weights `rows` rows of blocks
/// @param x       rows of `cols` activations
public record Product(Format format, int rows, int cols, byte[] weights, float[] x) {

    /// Canaries between two rows of y.
    private static final int GAP = 5;

    private static final int CANARY = 0x5a5a5a5a;

    /// What the product should be.
    ///
    /// @param y         row by row of the activations, `rows` numbers each
    /// @param magnitude the sum of the magnitudes of all terms of each number
    record Exact(double[] y, double[] magnitude) {}

    private int rowBytes() {
        return Math.toIntExact(format.rowBytes(cols));
    }

    /// The first `n` rows of activations times the first `rows` weight rows, as a provider's kernel computes it: y
    /// row by row. Everything that the kernel is given lies against pages that nobody may touch, and what lies
    /// between the rows of y stays as it is.
    public float[] run(KernelProvider provider, Team team, Place place, int rows, int n) {
        int stride = rows + GAP;
        float[] result = new float[n * rows];
        try (GuardedArena arena = new GuardedArena(place)) {
            MemorySegment w = arena.allocate((long) rows * rowBytes());
            w.copyFrom(MemorySegment.ofArray(weights).asSlice(0, w.byteSize()));
            Tensor tensor = new Tensor("w", format, new Shape(rows, cols), w);
            MatMul kernel = kernel(provider, tensor);
            Activations activations = new Activations(arena, n, cols, kernel.packings());
            Blocks.copyF32(x, 0, activations.data(), 0, n * cols);
            activations.rows(n);
            MemorySegment y = arena.allocate(4L * ((n - 1) * stride + rows), 4).fill((byte) CANARY);
            team.run(worker -> {
                Packing<?> packing = kernel.packing(n);
                if (packing != null) {
                    activations.pack(worker, packing);
                }
                worker.barrier();
                kernel.apply(worker, tensor, activations, y, stride);
            });
            for (int i = 0; i < n; i++) {
                Blocks.copyF32(y, 4L * i * stride, result, i * rows, rows);
                for (int gap = rows; gap < stride && i < n - 1; gap++) {
                    int found = Blocks.i32(y, 4L * (i * stride + gap));
                    if (found != CANARY) {
                        assertThat(found)
                                .as("between rows %d and %d of y", i, i + 1)
                                .isEqualTo(CANARY);
                    }
                }
            }
        }
        return result;
    }

    private static MatMul kernel(KernelProvider provider, Tensor tensor) {
        return switch (provider.consider(tensor, Regime.PREFILL)) {
            case Accepted accepted -> accepted.kernel();
            case Declined declined -> throw new AssertionError(declined.reason());
        };
    }

    /// The whole product by the definition, with activations as [Q8Reference] rounds them and decoded weights, in
    /// double. The two terms of an affine weight may cancel each other, and count apart in the magnitude.
    Exact exact(TierUnderTest tier) {
        int n = x.length / cols;
        double[] seen = Q8Reference.rounded(x);
        double[] y = new double[n * rows];
        double[] magnitude = new double[n * rows];
        float[] decoded = new float[cols];
        float[] terms = new float[cols];
        MemorySegment w = MemorySegment.ofArray(weights);
        try (GuardedArena arena = new GuardedArena(Place.LAST);
                TierUnderTest.Unpacking unpacking = tier.unpacking(format)) {
            MemorySegment row = arena.allocate(rowBytes());
            for (int r = 0; r < rows; r++) {
                row.copyFrom(w.asSlice((long) r * rowBytes(), rowBytes()));
                format.decode(row, 0, decoded, 0, cols);
                PanelWeights panel = unpacking.unpack(arena, row, 1, cols);
                for (int col = 0; col < cols; col++) {
                    terms[col] = panel.magnitude(0, col);
                }
                for (int i = 0; i < n; i++) {
                    double sum = 0;
                    double sumOfMagnitudes = 0;
                    for (int col = 0; col < cols; col++) {
                        sum += decoded[col] * seen[i * cols + col];
                        sumOfMagnitudes += terms[col] * Math.abs(seen[i * cols + col]);
                    }
                    y[i * rows + r] = sum;
                    magnitude[i * rows + r] = sumOfMagnitudes;
                }
            }
        }
        return new Exact(y, magnitude);
    }

    /// Runs a corner and compares it with the same corner of the exact product:
    ///
    /// ```text
    /// |y - exact| <= (cols / 8 + 10) 2^-24 sum |terms|
    /// ```
    ///
    /// No accumulator takes more than two terms for every sixteen columns, and each of them rounds once; the 10
    /// stands for the products with scales and for the sum over lanes.
    void check(KernelProvider provider, Team team, Place place, int rows, int n, Exact exact) {
        float[] y = run(provider, team, place, rows, n);
        for (int i = 0; i < n; i++) {
            for (int row = 0; row < rows; row++) {
                int at = i * this.rows + row;
                double bound = (cols / 8 + 10) * (0x1p-24 * exact.magnitude()[at] + Float.MIN_VALUE);
                double error = Math.abs(y[i * rows + row] - exact.y()[at]);
                if (!(error <= bound)) {
                    assertThat(error)
                            .as(
                                    "error of row %d of %d and activations %d of %d, %d columns of %s, seed %d",
                                    row, rows, i, n, cols, format.name(), Contents.SEED)
                            .isLessThanOrEqualTo(bound);
                }
            }
        }
    }
}
