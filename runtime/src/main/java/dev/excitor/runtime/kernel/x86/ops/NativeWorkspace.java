package dev.excitor.runtime.kernel.x86.ops;

import static dev.excitor.runtime.kv.KvLayout.PAGE;

import dev.excitor.runtime.foreign.Arguments;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.kv.KvLayout;
import dev.excitor.runtime.ops.AttentionWorkspace;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;

/// The kernels for the caches of one session, and native scratch for each worker, laid out as [HeadShape] says.
final class NativeWorkspace extends AttentionWorkspace {

    /// The kernels of one layout.
    ///
    /// @param plain     an [AttentionKernel] without a second term
    /// @param withExtra one with it; the same as `plain` where no layer has extra vectors
    /// @param join      a [JoinKernel]
    /// @param store     a [StoreKernel]
    record Kernels(MachineCode plain, MachineCode withExtra, MachineCode join, MachineCode store) {}

    /// Pages there is room for from the beginning.
    private static final int FEW_PAGES = 128;

    private final Arena arena;
    private final KvLayout layout;
    private final Kernels kernels;
    private final Arguments[] memory;
    private final int extraTable;
    private final int pageTable;

    /// See [AttentionWorkspace].
    NativeWorkspace(Arena arena, KvLayout layout, int heads, int capacity, int workers, Kernels kernels) {
        super(arena, layout, heads, capacity, workers);
        this.layout = layout;
        this.kernels = kernels;
        int group = heads / layout.kvHeads();
        int tiles = (Math.multiplyExact(group, queries()) + HeadShape.ROWS - 1) / HeadShape.ROWS;
        int tileBytes = HeadShape.of(layout, 0).tileBytes();
        this.extraTable = Math.addExact(HeadShape.TILES, Math.multiplyExact(tiles, tileBytes));
        this.pageTable = Math.addExact(extraTable, Math.multiplyExact(group, Long.BYTES));
        this.arena = arena;
        this.memory = new Arguments[workers];
        for (int worker = 0; worker < workers; worker++) {
            memory[worker] = allocate(Math.min(capacity / PAGE + 1, FEW_PAGES));
        }
    }

    Kernels kernels() {
        return kernels;
    }

    /// A worker's scratch, with the arguments in front and room for a table of so many pages, which it doubles where it
    /// has to grow.
    Arguments memory(Worker worker, int pages) {
        Arguments own = memory[worker.index()];
        if (own.byteSize() < bytes(pages)) {
            own = allocate(2L * pages);
            memory[worker.index()] = own;
        }
        return own;
    }

    Arguments memory(Worker worker) {
        return memory[worker.index()];
    }

    private Arguments allocate(long pages) {
        return new Arguments(arena.allocate(bytes(pages), 64));
    }

    /// The table has its last page twice.
    private long bytes(long pages) {
        return pageTable + (pages + 1) * Long.BYTES;
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
