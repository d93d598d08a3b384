package dev.excitor.runtime.ops;

import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Sum;
import dev.excitor.runtime.vector.Templates;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The two vector primitives of small dense products on the heap: the Excitor's weights are a few hundred kilobytes and
/// live in arrays.
public interface Blas1 {

    /// `sum over i < n of x[xAt + i] y[yAt + i]`.
    float dot(float[] x, int xAt, float[] y, int yAt, int n);

    /// `y[yAt + i] += a x[xAt + i]` for i < n.
    void axpy(float a, float[] x, int xAt, float[] y, int yAt, int n);

    /// The definition.
    final class Scalar implements Blas1 {
        @Override
        public float dot(float[] x, int xAt, float[] y, int yAt, int n) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += (double) x[xAt + i] * y[yAt + i];
            }
            return (float) sum;
        }

        @Override
        public void axpy(float a, float[] x, int xAt, float[] y, int yAt, int n) {
            for (int i = 0; i < n; i++) {
                y[yAt + i] = Math.fma(a, x[xAt + i], y[yAt + i]);
            }
        }
    }

    /// A template, see [Templates].
    final class Vector implements Blas1 {

        private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
        private static final VectorSpecies<Float> F = LANES.f32();
        private static final int N = F.length();

        public Vector() {}

        @Override
        public float dot(float[] x, int xAt, float[] y, int yAt, int n) {
            FloatVector a = FloatVector.zero(F);
            FloatVector b = FloatVector.zero(F);
            int i = 0;
            for (; i <= n - 2 * N; i += 2 * N) {
                a = FloatVector.fromArray(F, x, xAt + i).fma(FloatVector.fromArray(F, y, yAt + i), a);
                b = FloatVector.fromArray(F, x, xAt + i + N).fma(FloatVector.fromArray(F, y, yAt + i + N), b);
            }
            float sum = Sum.of(a.add(b));
            for (; i < n; i++) {
                sum = Math.fma(x[xAt + i], y[yAt + i], sum);
            }
            return sum;
        }

        @Override
        public void axpy(float a, float[] x, int xAt, float[] y, int yAt, int n) {
            FloatVector scale = FloatVector.broadcast(F, a);
            int i = 0;
            for (; i <= n - N; i += N) {
                scale.fma(FloatVector.fromArray(F, x, xAt + i), FloatVector.fromArray(F, y, yAt + i))
                        .intoArray(y, yAt + i);
            }
            for (; i < n; i++) {
                y[yAt + i] = Math.fma(a, x[xAt + i], y[yAt + i]);
            }
        }
    }
}
