package dev.excitor.runtime.kernel.avx512;

import static dev.excitor.runtime.kv.KvLayout.PAGE;

import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.kv.KvLayout;
import dev.excitor.runtime.ops.AttentionWorkspace;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The kernels for the caches of one session, and native scratch for each worker, laid out as [HeadShape] says.
final class Avx512Workspace extends AttentionWorkspace {

    /// The kernels of one layout.
    ///
    /// @param plain     an [AttentionKernel] without a second term
    /// @param withExtra one with it; the same as `plain` where no layer has extra vectors
    /// @param join      a [JoinKernel]
    /// @param store     a [StoreKernel]
    record Kernels(MachineCode plain, MachineCode withExtra, MachineCode join, MachineCode store) {}

    private final KvLayout layout;
    private final Kernels kernels;
    private final MemorySegment[] memory;
    private final int extraTable;
    private final int pageTable;

    /// See [AttentionWorkspace].
    Avx512Workspace(Arena arena, KvLayout layout, int heads, int capacity, int workers, Kernels kernels) {
        super(arena, layout, heads, capacity, workers);
        this.layout = layout;
        this.kernels = kernels;
        int group = heads / layout.kvHeads();
        int tiles = (Math.multiplyExact(group, queries()) + HeadShape.ROWS - 1) / HeadShape.ROWS;
        int tileBytes = HeadShape.of(layout, 0).tileBytes();
        this.extraTable = Math.addExact(HeadShape.TILES, Math.multiplyExact(tiles, tileBytes));
        this.pageTable = Math.addExact(extraTable, Math.multiplyExact(group, Long.BYTES));
        long bytes = pageTable + (capacity / PAGE + 2L) * Long.BYTES;
        this.memory = new MemorySegment[workers];
        for (int worker = 0; worker < workers; worker++) {
            memory[worker] = arena.allocate(bytes, 64);
        }
    }

    Kernels kernels() {
        return kernels;
    }

    /// A worker's scratch, with the arguments in front.
    MemorySegment memory(Worker worker) {
        return memory[worker.index()];
    }

    /// Where the table of the extra vectors of each query head begins.
    int extraTable() {
        return extraTable;
    }

    /// Where the table of pages begins.
    int pageTable() {
        return pageTable;
    }

    /// Makes sure that the kernels were assembled for a cache.
    void requireMadeFor(KvLayout other) {
        if (!layout.equals(other)) {
            throw new IllegalArgumentException("this workspace was made for %s, not %s".formatted(layout, other));
        }
    }
}
