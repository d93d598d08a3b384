package dev.excitor.runtime.ops;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.team.Worker;
import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Templates;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The gated activation of LLaMA's feed-forward network (Shazeer, 2020): `h = silu(gate) * up` with
/// `silu(x) = x / (1 + e^-x)`.
public interface SwiGlu {

    /// Computes this worker's share of h.
    ///
    /// @param gate `[n, width]`
    /// @param up   `[n, width]`
    /// @param h    receives `[n, width]`; may be gate or up
    void apply(Worker worker, MemorySegment gate, MemorySegment up, MemorySegment h, int n, int width);

    /// The definition: silu in double, rounded once.
    final class Scalar implements SwiGlu {
        public Scalar() {}

        @Override
        public void apply(Worker worker, MemorySegment gate, MemorySegment up, MemorySegment h, int n, int width) {
            int count = Math.multiplyExact(n, width);
            for (int i = worker.from(count, Shares.LINE); i < worker.to(count, Shares.LINE); i++) {
                Blocks.putF32(h, 4L * i, silu(Blocks.f32(gate, 4L * i)) * Blocks.f32(up, 4L * i));
            }
        }

        static float silu(double x) {
            return (float) (x / (1 + Math.exp(-x)));
        }
    }

    /// The template of the vector forms.
    final class Vector implements SwiGlu {
        private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
        private static final VectorSpecies<Float> F = LANES.f32();
        private static final int N = F.length();
        private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

        public Vector() {}

        @Override
        public void apply(Worker worker, MemorySegment gate, MemorySegment up, MemorySegment h, int n, int width) {
            int count = Math.multiplyExact(n, width);
            int from = worker.from(count, Shares.LINE);
            int to = worker.to(count, Shares.LINE);
            int whole = from + F.loopBound(to - from);
            for (int i = from; i < whole; i += N) {
                FloatVector x = FloatVector.fromMemorySegment(F, gate, 4L * i, LE);
                x.div(VectorExp.exp(F, x.neg()).add(1f))
                        .mul(FloatVector.fromMemorySegment(F, up, 4L * i, LE))
                        .intoMemorySegment(h, 4L * i, LE);
            }
            for (int i = whole; i < to; i++) {
                Blocks.putF32(h, 4L * i, Scalar.silu(Blocks.f32(gate, 4L * i)) * Blocks.f32(up, 4L * i));
            }
        }
    }
}
