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

/// The residual connection, `x += y`.
public interface Add {

    /// Adds this worker's share of y to x.
    ///
    /// @param x `[n, width]`, changed in place
    /// @param y `[n, width]`
    void apply(Worker worker, MemorySegment x, MemorySegment y, int n, int width);

    /// The definition.
    final class Scalar implements Add {
        public Scalar() {}

        @Override
        public void apply(Worker worker, MemorySegment x, MemorySegment y, int n, int width) {
            int count = Math.multiplyExact(n, width);
            for (int i = worker.from(count, Shares.LINE); i < worker.to(count, Shares.LINE); i++) {
                Blocks.putF32(x, 4L * i, Blocks.f32(x, 4L * i) + Blocks.f32(y, 4L * i));
            }
        }
    }

    /// The template of the vector forms; equal to the definition bit for bit.
    final class Vector implements Add {
        private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
        private static final VectorSpecies<Float> F = LANES.f32();
        private static final int N = F.length();
        private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

        public Vector() {}

        @Override
        public void apply(Worker worker, MemorySegment x, MemorySegment y, int n, int width) {
            int count = Math.multiplyExact(n, width);
            int from = worker.from(count, Shares.LINE);
            int to = worker.to(count, Shares.LINE);
            int whole = from + F.loopBound(to - from);
            for (int i = from; i < whole; i += N) {
                FloatVector.fromMemorySegment(F, x, 4L * i, LE)
                        .add(FloatVector.fromMemorySegment(F, y, 4L * i, LE))
                        .intoMemorySegment(x, 4L * i, LE);
            }
            for (int i = whole; i < to; i++) {
                Blocks.putF32(x, 4L * i, Blocks.f32(x, 4L * i) + Blocks.f32(y, 4L * i));
            }
        }
    }
}
