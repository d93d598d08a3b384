package dev.excitor.runtime.kernel.x86.ops;

import static dev.excitor.runtime.foreign.Addresses.readable;

import dev.excitor.runtime.foreign.Arguments;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.kernel.x86.ops.ExtraKeysKernel.Result;
import dev.excitor.runtime.ops.ExtraKeys;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// [ExtraKeys] in machine code, for blocks whose vectors fit the registers; the portable form takes the others.
final class NativeExtraKeys implements ExtraKeys {

    /// What the code of a block depends on.
    private record Shape(int width, int rank, int heads, int prompts, int dim, float scale) {}

    /// @param project `z = W_down x`
    /// @param rows    the same for one x, a few rows of W_down at a time; null where there is none for this width
    /// @param heads   what comes after, by its result
    private record Code(MachineCode project, @Nullable MachineCode rows, Map<Result, MachineCode> heads) {

        MachineCode head(Result result) {
            return Objects.requireNonNull(heads.get(result), "every result has its code");
        }
    }

    private final NativeOps owner;
    private final Registers registers;
    private final ExtraKeys portable;
    private final Map<Shape, Code> codes = new HashMap<>();

    NativeExtraKeys(NativeOps owner, Registers registers, ExtraKeys portable) {
        this.owner = owner;
        this.registers = registers;
        this.portable = portable;
    }

    @Override
    public Prepared prepare(Arena arena, Block block) {
        return ExtraKeysKernel.takes(block, registers)
                ? new InNativeMemory(arena, block, code(block), registers)
                : portable.prepare(arena, block);
    }

    private synchronized Code code(Block block) {
        Shape shape =
                new Shape(block.width(), block.rank(), block.heads(), block.prompts(), block.dim(), block.scale());
        return codes.computeIfAbsent(shape, unseen -> {
            Map<Result, MachineCode> heads = new EnumMap<>(Result.class);
            for (Result result : Result.values()) {
                heads.put(result, owner.install(new ExtraKeysKernel(block, registers).headOf(result)));
            }
            MachineCode rows = ProjectionKernel.takesRows(block, registers)
                    ? owner.install(new ProjectionKernel(block, registers).projectRows())
                    : null;
            return new Code(owner.install(new ProjectionKernel(block, registers).project()), rows, heads);
        });
    }

    private static final class InNativeMemory implements Prepared {

        private final Block block;
        private final Code code;
        private final int rank;
        private final int prompts;
        private final MemorySegment down;
        private final MemorySegment downT;
        private final MemorySegment upT;
        private final MemorySegment prompt;
        private final MemorySegment promptT;

        InNativeMemory(Arena arena, Block block, Code code, Registers registers) {
            this.block = block;
            this.code = code;
            this.rank = registers.lanes() * ExtraKeysKernel.count(block.rank(), registers);
            this.prompts = registers.lanes() * ExtraKeysKernel.count(block.prompts(), registers);
            this.down = code.rows() == null ? MemorySegment.NULL : arena.allocate(4L * block.width() * rank, 64);
            this.downT = arena.allocate(4L * block.width() * rank, 64);
            this.upT = copy(arena, block.upT());
            this.prompt = copy(arena, block.prompt());
            this.promptT = arena.allocate(4L * block.extra() * prompts, 64);
            if (code.rows() != null) {
                Blocks.copyF32(block.down(), 0, down, 0, block.down().length);
            }
            for (int r = 0; r < block.rank(); r++) {
                for (int c = 0; c < block.width(); c++) {
                    Blocks.putF32(downT, 4L * ((long) c * rank + r), block.down()[r * block.width() + c]);
                }
            }
            for (int e = 0; e < block.extra(); e++) {
                int head = e / block.dim();
                for (int p = 0; p < block.prompts(); p++) {
                    int from = (head * block.prompts() + p) * block.dim() + e % block.dim();
                    Blocks.putF32(promptT, 4L * ((long) e * prompts + p), block.prompt()[from]);
                }
            }
        }

        private static MemorySegment copy(Arena arena, float[] numbers) {
            MemorySegment copy = arena.allocate(4L * numbers.length, 64);
            Blocks.copyF32(numbers, 0, copy, 0, numbers.length);
            return copy;
        }

        @Override
        public int rankStride() {
            return rank;
        }

        @Override
        public void project(Worker worker, MemorySegment x, int n, MemorySegment z) {
            // a single token cannot be shared, but the rows of W_down can: all members read its weights, from memory
            if (n == 1 && code.rows() != null) {
                projectRows(worker, x, z, code.rows());
            } else {
                projectTokens(worker, x, n, z);
            }
        }

        private void projectRows(Worker worker, MemorySegment x, MemorySegment z, MachineCode kernel) {
            int from = worker.from(rank, ProjectionKernel.ROWS);
            int count = worker.to(rank, ProjectionKernel.ROWS) - from;
            if (count == 0) {
                return;
            }
            Arguments arguments = worker.arguments(NativeOps.WORKER_BYTES);
            long rowBytes = 4L * block.width();
            arguments.set(ExtraKeysKernel.X, slice(x, 0, rowBytes));
            arguments.set(ExtraKeysKernel.WEIGHTS, slice(down, from * rowBytes, count * rowBytes));
            arguments.set(ExtraKeysKernel.OUT, slice(z, 4L * from, 4L * count));
            arguments.set(ExtraKeysKernel.COUNT, count / ProjectionKernel.ROWS);
            kernel.call(arguments);
        }

        private void projectTokens(Worker worker, MemorySegment x, int n, MemorySegment z) {
            int from = worker.from(n, 1);
            int count = worker.to(n, 1) - from;
            if (count == 0) {
                return;
            }
            Arguments arguments = worker.arguments(NativeOps.WORKER_BYTES);
            long xBytes = 4L * block.width();
            long zBytes = 4L * rank;
            arguments.set(ExtraKeysKernel.X, slice(x, from * xBytes, count * xBytes));
            arguments.set(ExtraKeysKernel.WEIGHTS, downT.address());
            arguments.set(ExtraKeysKernel.OUT, slice(z, from * zBytes, count * zBytes));
            arguments.set(ExtraKeysKernel.COUNT, count);
            code.project().call(arguments);
        }

        @Override
        public void weights(Worker worker, MemorySegment z, int n, MemorySegment a) {
            heads(worker, z, n, a, block.prompts(), MemorySegment.NULL, Result.WEIGHTS);
        }

        @Override
        public void keys(Worker worker, MemorySegment z, int n, MemorySegment extra) {
            heads(worker, z, n, extra, block.dim(), MemorySegment.NULL, Result.KEYS);
        }

        @Override
        public void addKeys(Worker worker, MemorySegment z, int n, MemorySegment g, MemorySegment k) {
            heads(worker, z, n, k, block.dim(), g, Result.ADDED_KEYS);
        }

        /// This worker's share: for each head, the tokens of its run of items.
        ///
        /// @param outWidth numbers of a head's result
        private void heads(
                Worker worker,
                MemorySegment z,
                int n,
                MemorySegment out,
                int outWidth,
                MemorySegment g,
                Result result) {
            int heads = block.heads();
            int from = worker.from(n * heads, 1);
            int to = worker.to(n * heads, 1);
            MachineCode kernel = code.head(result);
            for (int head = 0; head < heads; head++) {
                // the tokens t with from <= t * heads + head < to
                int first = Math.max(0, (from - head + heads - 1) / heads);
                int count = (to - head + heads - 1) / heads - first;
                if (count <= 0) {
                    continue;
                }
                Arguments arguments = worker.arguments(NativeOps.WORKER_BYTES);
                long item = (long) first * heads + head;
                long last = item + (long) (count - 1) * heads;
                long dimBytes = 4L * block.dim();
                arguments.set(ExtraKeysKernel.X, slice(z, 4L * first * rank, 4L * count * rank));
                arguments.set(ExtraKeysKernel.WEIGHTS, upT.address() + head * dimBytes);
                arguments.set(ExtraKeysKernel.OUT, slice(out, 4 * item * outWidth, 4 * (last + 1 - item) * outWidth));
                arguments.set(ExtraKeysKernel.COUNT, count);
                arguments.set(ExtraKeysKernel.PROMPT, prompt.address() + head * dimBytes * block.prompts());
                arguments.set(ExtraKeysKernel.PROMPT_T, promptT.address() + head * dimBytes * prompts);
                arguments.set(ExtraKeysKernel.SCRATCH, arguments.address() + NativeOps.SCRATCH);
                if (result == Result.ADDED_KEYS) {
                    arguments.set(ExtraKeysKernel.GATES, slice(g, head * dimBytes, dimBytes));
                }
                kernel.call(arguments);
            }
        }

        private static long slice(MemorySegment segment, long at, long bytes) {
            return readable(segment, at, bytes);
        }
    }
}
