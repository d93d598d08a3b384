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
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// `y_i = e^(x_i - max x) / sum_j e^(x_j - max x)`, row by row.
public interface Softmax {

    /// Computes this worker's share of the rows, in place.
    ///
    /// @param x `[n, width]`, width at least 1
    void apply(Worker worker, MemorySegment x, int n, int width);

    /// The definition: exponentials and their sum in double.
    final class Scalar implements Softmax {
        public Scalar() {}

        @Override
        public void apply(Worker worker, MemorySegment x, int n, int width) {
            for (int row = worker.from(n, 1); row < worker.to(n, 1); row++) {
                long at = 4L * row * width;
                float max = Float.NEGATIVE_INFINITY;
                for (int i = 0; i < width; i++) {
                    max = Math.max(max, Blocks.f32(x, at + 4L * i));
                }
                double sum = 0;
                for (int i = 0; i < width; i++) {
                    sum += Math.exp((double) Blocks.f32(x, at + 4L * i) - max);
                }
                for (int i = 0; i < width; i++) {
                    double e = Math.exp((double) Blocks.f32(x, at + 4L * i) - max);
                    Blocks.putF32(x, at + 4L * i, (float) (e / sum));
                }
            }
        }
    }

    /// The template of the vector forms.
    final class Vector implements Softmax {
        private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
        private static final VectorSpecies<Float> F = LANES.f32();
        private static final int N = F.length();
        private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

        public Vector() {}

        @Override
        public void apply(Worker worker, MemorySegment x, int n, int width) {
            for (int row = worker.from(n, 1); row < worker.to(n, 1); row++) {
                row(x, 4L * row * width, width);
            }
        }

        private static void row(MemorySegment x, long at, int width) {
            int whole = F.loopBound(width);
            FloatVector maxima = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
            for (int i = 0; i < whole; i += N) {
                maxima = maxima.max(FloatVector.fromMemorySegment(F, x, at + 4L * i, LE));
            }
            float max = maxima.reduceLanes(VectorOperators.MAX);
            for (int i = whole; i < width; i++) {
                max = Math.max(max, Blocks.f32(x, at + 4L * i));
            }
            FloatVector sums = FloatVector.zero(F);
            for (int i = 0; i < whole; i += N) {
                FloatVector e = VectorExp.exp(
                        F, FloatVector.fromMemorySegment(F, x, at + 4L * i, LE).sub(max));
                e.intoMemorySegment(x, at + 4L * i, LE);
                sums = sums.add(e);
            }
            float sum = Sum.of(sums);
            for (int i = whole; i < width; i++) {
                float e = (float) Math.exp(Blocks.f32(x, at + 4L * i) - max);
                Blocks.putF32(x, at + 4L * i, e);
                sum += e;
            }
            for (int i = 0; i < whole; i += N) {
                FloatVector.fromMemorySegment(F, x, at + 4L * i, LE).div(sum).intoMemorySegment(x, at + 4L * i, LE);
            }
            for (int i = whole; i < width; i++) {
                Blocks.putF32(x, at + 4L * i, Blocks.f32(x, at + 4L * i) / sum);
            }
        }
    }
}
