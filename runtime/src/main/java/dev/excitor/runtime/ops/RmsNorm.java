package dev.excitor.runtime.ops;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.team.Worker;
import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Sum;
import dev.excitor.runtime.vector.Templates;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// Root mean square layer normalization (Zhang and Sennrich, 2019): `y = x / sqrt(mean(x^2) + eps) * w`, row by row.
public interface RmsNorm {

    /// Normalizes this worker's share of the rows.
    ///
    /// @param x      `[n, width]`
    /// @param weight f32 `[width]`, unaligned
    /// @param eps    positive
    /// @param y      receives `[n, width]`; may be x
    void apply(Worker worker, MemorySegment x, MemorySegment weight, float eps, MemorySegment y, int n, int width);

    /// The definition: the mean in double, the rest in float.
    final class Scalar implements RmsNorm {
        public Scalar() {}

        @Override
        public void apply(
                Worker worker, MemorySegment x, MemorySegment weight, float eps, MemorySegment y, int n, int width) {
            for (int row = worker.from(n, 1); row < worker.to(n, 1); row++) {
                long at = 4L * row * width;
                float factor = factor(x, at, eps, width);
                for (int i = 0; i < width; i++) {
                    Blocks.putF32(y, at + 4L * i, Blocks.f32(x, at + 4L * i) * factor * Blocks.f32(weight, 4L * i));
                }
            }
        }

        /// 1 / sqrt(mean(x^2) + eps) of one row.
        static float factor(MemorySegment x, long at, float eps, int width) {
            double sum = 0;
            for (int i = 0; i < width; i++) {
                double value = Blocks.f32(x, at + 4L * i);
                sum += value * value;
            }
            return (float) (1 / Math.sqrt(sum / width + eps));
        }
    }

    /// The template of the vector forms; they sum squares in float, in double where that overflows.
    final class Vector implements RmsNorm {
        private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
        private static final VectorSpecies<Float> F = LANES.f32();
        private static final int N = F.length();
        private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

        public Vector() {}

        @Override
        public void apply(
                Worker worker, MemorySegment x, MemorySegment weight, float eps, MemorySegment y, int n, int width) {
            int whole = F.loopBound(width);
            for (int row = worker.from(n, 1); row < worker.to(n, 1); row++) {
                long at = 4L * row * width;
                float factor = factor(x, at, eps, width);
                for (int i = 0; i < whole; i += N) {
                    load(x, at + 4L * i).mul(factor).mul(load(weight, 4L * i)).intoMemorySegment(y, at + 4L * i, LE);
                }
                for (int i = whole; i < width; i++) {
                    Blocks.putF32(y, at + 4L * i, Blocks.f32(x, at + 4L * i) * factor * Blocks.f32(weight, 4L * i));
                }
            }
        }

        private static float factor(MemorySegment x, long at, float eps, int width) {
            int whole = width / (4 * N) * (4 * N);
            FloatVector a = FloatVector.zero(F);
            FloatVector b = FloatVector.zero(F);
            FloatVector c = FloatVector.zero(F);
            FloatVector d = FloatVector.zero(F);
            for (int i = 0; i < whole; i += 4 * N) {
                FloatVector p = load(x, at + 4L * i);
                FloatVector q = load(x, at + 4L * (i + N));
                FloatVector r = load(x, at + 4L * (i + 2 * N));
                FloatVector s = load(x, at + 4L * (i + 3 * N));
                a = p.fma(p, a);
                b = q.fma(q, b);
                c = r.fma(r, c);
                d = s.fma(s, d);
            }
            double sum = Sum.of(a.add(b).add(c.add(d)));
            for (int i = whole; i < width; i++) {
                double value = Blocks.f32(x, at + 4L * i);
                sum += value * value;
            }
            return sum < Float.MAX_VALUE
                    ? (float) (1 / Math.sqrt(sum / width + eps))
                    : Scalar.factor(x, at, eps, width);
        }

        private static FloatVector load(MemorySegment source, long at) {
            return FloatVector.fromMemorySegment(F, source, at, LE);
        }
    }
}
