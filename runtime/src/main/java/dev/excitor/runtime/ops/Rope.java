package dev.excitor.runtime.ops;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.team.Worker;
import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Templates;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// Rotary position embedding of interleaved pairs, the channel order of `llama` in GGUF: channels 2i and 2i + 1 of each
/// head turn together,
///
/// ```text
/// x'[2i]     = x[2i] cos a - x[2i + 1] sin a
/// x'[2i + 1] = x[2i + 1] cos a + x[2i] sin a        a = angle of pair i at the row's position
/// ```
///
/// and channels from [RopeTable#rotated] on stay as they are.
public interface Rope {

    /// Rotates this worker's share of the rows, in place.
    ///
    /// @param x     `[n, heads * headDim]`
    /// @param table filled for the n positions
    void apply(Worker worker, MemorySegment x, int n, int heads, int headDim, RopeTable table);

    /// The definition, in float.
    final class Scalar implements Rope {
        public Scalar() {}

        @Override
        public void apply(Worker worker, MemorySegment x, int n, int heads, int headDim, RopeTable table) {
            int units = n * heads;
            for (int unit = worker.from(units, 1); unit < worker.to(units, 1); unit++) {
                int row = unit / heads;
                rotate(x, 4L * unit * headDim, table.data(), table.cosines(row), table.sines(row), 0, table.rotated());
            }
        }

        /// Rotates the channels of one head from `from`, an even one, to `to`.
        static void rotate(MemorySegment x, long at, MemorySegment table, long cosines, long sines, int from, int to) {
            for (int i = from; i < to; i += 2) {
                float first = Blocks.f32(x, at + 4L * i);
                float second = Blocks.f32(x, at + 4L * i + 4);
                float cosine = Blocks.f32(table, cosines + 4L * i);
                float sine = Blocks.f32(table, sines + 4L * i + 4);
                Blocks.putF32(x, at + 4L * i, Math.fma(second, -sine, first * cosine));
                Blocks.putF32(x, at + 4L * i + 4, Math.fma(first, sine, second * cosine));
            }
        }
    }

    /// The template of the vector forms; equal to the definition bit for bit.
    final class Vector implements Rope {
        private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
        private static final VectorSpecies<Float> F = LANES.f32();
        private static final int N = F.length();
        private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
        private static final VectorShuffle<Float> SWAP = VectorShuffle.fromArray(F, neighbours(), 0);

        public Vector() {}

        private static int[] neighbours() {
            int[] lanes = new int[N];
            for (int lane = 0; lane < N; lane++) {
                lanes[lane] = lane ^ 1;
            }
            return lanes;
        }

        @Override
        public void apply(Worker worker, MemorySegment x, int n, int heads, int headDim, RopeTable table) {
            int units = n * heads;
            for (int unit = worker.from(units, 1); unit < worker.to(units, 1); unit++) {
                int row = unit / heads;
                rotate(x, 4L * unit * headDim, table.data(), table.cosines(row), table.sines(row), table.rotated());
            }
        }

        private static void rotate(
                MemorySegment x, long at, MemorySegment table, long cosines, long sines, int rotated) {
            int whole = F.loopBound(rotated);
            for (int i = 0; i < whole; i += N) {
                FloatVector v = FloatVector.fromMemorySegment(F, x, at + 4L * i, LE);
                FloatVector cosine = FloatVector.fromMemorySegment(F, table, cosines + 4L * i, LE);
                FloatVector sine = FloatVector.fromMemorySegment(F, table, sines + 4L * i, LE);
                v.rearrange(SWAP).fma(sine, v.mul(cosine)).intoMemorySegment(x, at + 4L * i, LE);
            }
            Scalar.rotate(x, at, table, cosines, sines, whole, rotated);
        }
    }
}
