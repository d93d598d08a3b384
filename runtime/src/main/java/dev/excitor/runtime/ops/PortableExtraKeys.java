package dev.excitor.runtime.ops;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// [ExtraKeys] on the heap, a token and a head at a time: the definition with [Blas1.Scalar], the vector form with
/// [Blas1.Vector].
final class PortableExtraKeys implements ExtraKeys {

    private final Blas1 blas;

    PortableExtraKeys(Blas1 blas) {
        this.blas = blas;
    }

    @Override
    public Prepared prepare(Arena arena, Block block) {
        return new OnTheHeap(blas, block);
    }

    private record OnTheHeap(Blas1 blas, Block block) implements Prepared {

        @Override
        public int rankStride() {
            return block.rank();
        }

        @Override
        public void project(Worker worker, MemorySegment x, int n, MemorySegment z) {
            int width = block.width();
            int rank = block.rank();
            float[] row = worker.floats(width);
            int items = n * rank;
            int last = -1;
            for (int item = worker.from(items, 1); item < worker.to(items, 1); item++) {
                int token = item / rank;
                if (token != last) {
                    Blocks.copyF32(x, 4L * token * width, row, 0, width);
                    last = token;
                }
                Blocks.putF32(z, 4L * item, blas.dot(row, 0, block.down(), item % rank * width, width));
            }
        }

        @Override
        public void weights(Worker worker, MemorySegment z, int n, MemorySegment a) {
            int prompts = block.prompts();
            float[] work = room(worker);
            for (int item = from(worker, n); item < to(worker, n); item++) {
                softmaxOf(item, z, work);
                Blocks.copyF32(work, 2 * block.dim(), a, 4L * item * prompts, prompts);
            }
        }

        @Override
        public void keys(Worker worker, MemorySegment z, int n, MemorySegment extra) {
            int dim = block.dim();
            float[] work = room(worker);
            for (int item = from(worker, n); item < to(worker, n); item++) {
                keyOf(item, z, work);
                Blocks.copyF32(work, dim, extra, 4L * item * dim, dim);
            }
        }

        @Override
        public void addKeys(Worker worker, MemorySegment z, int n, MemorySegment g, MemorySegment k) {
            int dim = block.dim();
            float[] work = room(worker);
            for (int item = from(worker, n); item < to(worker, n); item++) {
                keyOf(item, z, work);
                int head = item % block.heads();
                for (int i = 0; i < dim; i++) {
                    long at = 4L * ((long) item * dim + i);
                    float gate = Blocks.f32(g, 4L * (head * dim + i));
                    Blocks.putF32(k, at, Math.fma(gate, work[dim + i], Blocks.f32(k, at)));
                }
            }
        }

        /// `[dim]` for e, `[dim]` for k', `[K]` for a.
        private float[] room(Worker worker) {
            return worker.floats(2 * block.dim() + block.prompts());
        }

        private int from(Worker worker, int n) {
            return worker.from(n * block.heads(), 1);
        }

        private int to(Worker worker, int n) {
            return worker.to(n * block.heads(), 1);
        }

        private void softmaxOf(int item, MemorySegment z, float[] work) {
            int dim = block.dim();
            int rank = block.rank();
            int head = item % block.heads();
            Arrays.fill(work, 0, dim, 0f);
            for (int r = 0; r < rank; r++) {
                float zr = Blocks.f32(z, 4L * ((long) item / block.heads() * rank + r));
                blas.axpy(zr, block.upT(), r * block.extra() + head * dim, work, 0, dim);
            }
            int p = head * block.prompts() * dim;
            for (int k = 0; k < block.prompts(); k++) {
                work[2 * dim + k] = block.scale() * blas.dot(work, 0, block.prompt(), p + k * dim, dim);
            }
            softmax(work, 2 * dim, block.prompts());
        }

        private void keyOf(int item, MemorySegment z, float[] work) {
            int dim = block.dim();
            softmaxOf(item, z, work);
            Arrays.fill(work, dim, 2 * dim, 0f);
            int p = item % block.heads() * block.prompts() * dim;
            for (int k = 0; k < block.prompts(); k++) {
                blas.axpy(work[2 * dim + k], block.prompt(), p + k * dim, work, dim, dim);
            }
        }

        /// In place, over `n` numbers from `at`.
        private static void softmax(float[] x, int at, int n) {
            float max = Float.NEGATIVE_INFINITY;
            for (int i = at; i < at + n; i++) {
                max = Math.max(max, x[i]);
            }
            double sum = 0;
            for (int i = at; i < at + n; i++) {
                x[i] = (float) StrictMath.exp(x[i] - max);
                sum += x[i];
            }
            float inverse = (float) (1 / sum);
            for (int i = at; i < at + n; i++) {
                x[i] *= inverse;
            }
        }
    }
}
