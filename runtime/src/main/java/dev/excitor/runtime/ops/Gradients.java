package dev.excitor.runtime.ops;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Sum;
import dev.excitor.runtime.vector.Templates;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// The innermost loops of training beside its products: over one run of native f32 numbers, by the thread that calls.
///
/// Offsets are bytes; `n` counts numbers and may be 0 where nothing else is said.
public interface Gradients {

    /// `sum over i of x_i y_i`.
    float dot(MemorySegment x, long xAt, MemorySegment y, long yAt, int n);

    /// `y_i += a x_i`.
    void axpy(float a, MemorySegment x, long xAt, MemorySegment y, long yAt, int n);

    /// `log sum_i e^(x_i)`.
    ///
    /// @param n at least 1
    double logSumExp(MemorySegment x, long at, int n);

    /// `x_i = e^(x_i - minus)`, in place: with the [#logSumExp] for `minus`, the softmax.
    void exp(MemorySegment x, long at, int n, float minus);

    /// The way back through a softmax, `d_i = p_i (d_i - mean)` in place, where `mean` is `sum_i p_i d_i`.
    void softmax(MemorySegment p, long pAt, MemorySegment d, long dAt, int n, float mean);

    /// The way back through `h = silu(gate) up`, in place:
    ///
    /// ```text
    /// up   <- dh silu(gate)
    /// gate <- dh up sigma (1 + gate (1 - sigma))      sigma = 1 / (1 + e^-gate)
    /// ```
    ///
    /// @param at byte of the first number in all three
    void swiGlu(MemorySegment gate, MemorySegment up, MemorySegment dh, long at, int n);

    /// The definition: every step in double, rounded once.
    final class Scalar implements Gradients {
        public Scalar() {}

        @Override
        public float dot(MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += (double) Blocks.f32(x, xAt + 4L * i) * Blocks.f32(y, yAt + 4L * i);
            }
            return (float) sum;
        }

        @Override
        public void axpy(float a, MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
            for (int i = 0; i < n; i++) {
                Blocks.putF32(y, yAt + 4L * i, Math.fma(a, Blocks.f32(x, xAt + 4L * i), Blocks.f32(y, yAt + 4L * i)));
            }
        }

        @Override
        public double logSumExp(MemorySegment x, long at, int n) {
            float max = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < n; i++) {
                max = Math.max(max, Blocks.f32(x, at + 4L * i));
            }
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += Math.exp((double) Blocks.f32(x, at + 4L * i) - max);
            }
            return max + Math.log(sum);
        }

        @Override
        public void exp(MemorySegment x, long at, int n, float minus) {
            for (int i = 0; i < n; i++) {
                Blocks.putF32(x, at + 4L * i, (float) Math.exp((double) Blocks.f32(x, at + 4L * i) - minus));
            }
        }

        @Override
        public void softmax(MemorySegment p, long pAt, MemorySegment d, long dAt, int n, float mean) {
            for (int i = 0; i < n; i++) {
                double difference = (double) Blocks.f32(d, dAt + 4L * i) - mean;
                Blocks.putF32(d, dAt + 4L * i, (float) (Blocks.f32(p, pAt + 4L * i) * difference));
            }
        }

        @Override
        public void swiGlu(MemorySegment gate, MemorySegment up, MemorySegment dh, long at, int n) {
            for (long i = at; i < at + 4L * n; i += 4) {
                double x = Blocks.f32(gate, i);
                double d = Blocks.f32(dh, i);
                double sigma = 1 / (1 + Math.exp(-x));
                Blocks.putF32(gate, i, (float) (d * Blocks.f32(up, i) * sigma * (1 + x * (1 - sigma))));
                Blocks.putF32(up, i, (float) (d * x * sigma));
            }
        }
    }

    /// The template of the vector forms.
    final class Vector implements Gradients {
        private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
        private static final VectorSpecies<Float> F = LANES.f32();
        private static final int N = F.length();
        private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

        /// Does what is left behind the last whole vector.
        private static final Scalar REST = new Scalar();

        public Vector() {}

        @Override
        public float dot(MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
            FloatVector a = FloatVector.zero(F);
            FloatVector b = FloatVector.zero(F);
            int i = 0;
            for (; i <= n - 2 * N; i += 2 * N) {
                a = load(x, xAt + 4L * i).fma(load(y, yAt + 4L * i), a);
                b = load(x, xAt + 4L * (i + N)).fma(load(y, yAt + 4L * (i + N)), b);
            }
            return Sum.of(a.add(b)) + REST.dot(x, xAt + 4L * i, y, yAt + 4L * i, n - i);
        }

        @Override
        public void axpy(float a, MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
            FloatVector factor = FloatVector.broadcast(F, a);
            int whole = F.loopBound(n);
            for (int i = 0; i < whole; i += N) {
                factor.fma(load(x, xAt + 4L * i), load(y, yAt + 4L * i)).intoMemorySegment(y, yAt + 4L * i, LE);
            }
            REST.axpy(a, x, xAt + 4L * whole, y, yAt + 4L * whole, n - whole);
        }

        @Override
        public double logSumExp(MemorySegment x, long at, int n) {
            int whole = F.loopBound(n);
            FloatVector maxima = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
            for (int i = 0; i < whole; i += N) {
                maxima = maxima.max(load(x, at + 4L * i));
            }
            float max = maxima.reduceLanes(VectorOperators.MAX);
            for (int i = whole; i < n; i++) {
                max = Math.max(max, Blocks.f32(x, at + 4L * i));
            }
            FloatVector sums = FloatVector.zero(F);
            for (int i = 0; i < whole; i += N) {
                sums = sums.add(VectorExp.exp(F, load(x, at + 4L * i).sub(max)));
            }
            double sum = Sum.of(sums);
            for (int i = whole; i < n; i++) {
                sum += Math.exp((double) Blocks.f32(x, at + 4L * i) - max);
            }
            return max + Math.log(sum);
        }

        @Override
        public void exp(MemorySegment x, long at, int n, float minus) {
            int whole = F.loopBound(n);
            for (int i = 0; i < whole; i += N) {
                VectorExp.exp(F, load(x, at + 4L * i).sub(minus)).intoMemorySegment(x, at + 4L * i, LE);
            }
            REST.exp(x, at + 4L * whole, n - whole, minus);
        }

        @Override
        public void softmax(MemorySegment p, long pAt, MemorySegment d, long dAt, int n, float mean) {
            int whole = F.loopBound(n);
            for (int i = 0; i < whole; i += N) {
                load(d, dAt + 4L * i).sub(mean).mul(load(p, pAt + 4L * i)).intoMemorySegment(d, dAt + 4L * i, LE);
            }
            REST.softmax(p, pAt + 4L * whole, d, dAt + 4L * whole, n - whole, mean);
        }

        @Override
        public void swiGlu(MemorySegment gate, MemorySegment up, MemorySegment dh, long at, int n) {
            int whole = F.loopBound(n);
            for (long i = at; i < at + 4L * whole; i += 4L * N) {
                FloatVector x = load(gate, i);
                FloatVector d = load(dh, i);
                FloatVector sigma = FloatVector.broadcast(F, 1f)
                        .div(VectorExp.exp(F, x.neg()).add(1f));
                FloatVector slope =
                        x.mul(FloatVector.broadcast(F, 1f).sub(sigma)).add(1f).mul(sigma);
                d.mul(load(up, i)).mul(slope).intoMemorySegment(gate, i, LE);
                d.mul(x).mul(sigma).intoMemorySegment(up, i, LE);
            }
            REST.swiGlu(gate, up, dh, at + 4L * whole, n - whole);
        }

        private static FloatVector load(MemorySegment source, long at) {
            return FloatVector.fromMemorySegment(F, source, at, LE);
        }
    }
}
