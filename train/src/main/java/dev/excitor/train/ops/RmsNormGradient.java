package dev.excitor.train.ops;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.ops.Gradients;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;

/// The way back through `y = x r w` with `r = 1 / sqrt(mean(x^2) + eps)`:
///
/// ```text
/// dx_i = r w_i dy_i - x_i r^3 / width sum_j w_j dy_j x_j          dw_i = sum over rows of dy_i x_i r
/// ```
public final class RmsNormGradient {

    private final Gradients loops;

    public RmsNormGradient(Gradients loops) {
        this.loops = loops;
    }

    /// `dx += ` the gradient with respect to x.
    ///
    /// @param x      `[n, width]`, what the norm received
    /// @param weight `[width]`
    /// @param dy     `[n, width]`; holds `w dy` afterwards
    /// @param dx     `[n, width]`
    public void input(
            Worker worker,
            MemorySegment x,
            MemorySegment weight,
            float eps,
            MemorySegment dy,
            MemorySegment dx,
            int n,
            int width) {
        for (int row = worker.from(n, 1); row < worker.to(n, 1); row++) {
            long at = 4L * row * width;
            for (int i = 0; i < width; i++) {
                Blocks.putF32(dy, at + 4L * i, Blocks.f32(dy, at + 4L * i) * Blocks.f32(weight, 4L * i));
            }
            double r = factor(x, at, eps, width);
            double along = loops.dot(dy, at, x, at, width);
            loops.axpy((float) r, dy, at, dx, at, width);
            loops.axpy((float) (-along * r * r * r / width), x, at, dx, at, width);
        }
    }

    /// `dw += ` the gradient with respect to the weight; before [#input], which changes dy.
    ///
    /// @param dw `[width]`
    public void weight(
            Worker worker, MemorySegment x, float eps, MemorySegment dy, MemorySegment dw, int n, int width) {
        int from = worker.from(width, 16);
        int to = worker.to(width, 16);
        for (int row = 0; row < n && from < to; row++) {
            long at = 4L * row * width;
            float r = (float) factor(x, at, eps, width);
            for (int i = from; i < to; i++) {
                float term = Blocks.f32(dy, at + 4L * i) * Blocks.f32(x, at + 4L * i) * r;
                Blocks.putF32(dw, 4L * i, Blocks.f32(dw, 4L * i) + term);
            }
        }
    }

    private double factor(MemorySegment x, long at, float eps, int width) {
        return 1 / Math.sqrt(loops.dot(x, at, x, at, width) / (double) width + eps);
    }
}
