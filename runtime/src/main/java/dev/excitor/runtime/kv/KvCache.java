package dev.excitor.runtime.kv;

import static dev.excitor.runtime.kv.KvLayout.PAGE;
import static dev.excitor.runtime.kv.KvLayout.TILE;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Keys and values of the positions of one session, in native pages that come as they are needed and go with
/// [#truncate] and [#close].
///
/// One forward pass is: [#reserve] by the session's thread; for each layer [#store] by all workers and, behind a
/// barrier, attention; [#advance] by the session's thread. A fork shares all full pages until one of the two writes
/// into them. Belongs to one thread at a time; its forks are independent of it.
public final class KvCache implements AutoCloseable {

    private final KvLayout layout;
    private final int capacity;

    /// By layer: its place among the layers with extra vectors, or -1.
    private final int[] extraSlots;

    private @Nullable KvPage[] pages = new KvPage[0];
    private int pageCount;
    private int length;
    private volatile boolean closed;

    /// An empty cache, which takes no native memory yet.
    ///
    /// @param capacity most positions it will hold
    public KvCache(KvLayout layout, int capacity) {
        if (capacity < 1) {
            throw new ExcitorException.InvalidOption("the context size (-c)", "at least 1", capacity);
        }
        this.layout = layout;
        this.capacity = capacity;
        this.extraSlots = new int[layout.layers()];
        Arrays.fill(extraSlots, -1);
        for (int slot = 0; slot < layout.extra().layers().size(); slot++) {
            extraSlots[layout.extra().layers().get(slot)] = slot;
        }
    }

    public KvLayout layout() {
        return layout;
    }

    /// Positions it can hold.
    public int capacity() {
        return capacity;
    }

    /// Positions it holds.
    public int length() {
        return length;
    }

    /// Bytes one position takes.
    public long bytesPerPosition() {
        return layout.bytesPerPosition();
    }

    /// Native memory in use, pages shared with forks included.
    public long bytes() {
        return Math.multiplyExact(pageCount, layout.pageBytes());
    }

    /// Makes room for the next `n` positions; allocates nothing where there is room already. Pages shared with a fork
    /// that would be written are copied.
    ///
    /// @throws ExcitorException.ContextFull when they do not fit the capacity
    /// @throws ExcitorException.OutOfMemory when there is no native memory; the cache is as before
    public void reserve(int n) {
        requireOpen();
        if (n < 0 || n > capacity - length) {
            throw new ExcitorException.ContextFull(length, n, capacity);
        }
        if (n == 0) {
            return;
        }
        int first = length / PAGE;
        int wanted = (length + n - 1) / PAGE + 1;
        for (int index = first; index < Math.min(pageCount, wanted); index++) {
            KvPage page = pageAt(index);
            if (page.isShared()) {
                pages[index] = page.copy();
                page.release();
            }
        }
        if (wanted > pages.length) {
            pages = Arrays.copyOf(pages, Math.max(wanted, 2 * pages.length));
        }
        while (pageCount < wanted) {
            pages[pageCount] = KvPage.allocate(layout.pageBytes());
            pageCount++;
        }
    }

    /// Stores this worker's share of the keys and values of positions `length()` to `length() + n - 1`; every member of
    /// the team must call it, after [#reserve].
    ///
    /// @param keys   f32 `[n, kvHeads * keyDim]`, complete in every respect: rotated, adapted
    /// @param values f32 `[n, kvHeads * valueDim]`
    public void store(Worker worker, int layer, MemorySegment keys, MemorySegment values, int n) {
        requireRoom(n);
        int heads = layout.kvHeads();
        int runs = (n + PAGE - 1) / PAGE;
        for (int unit = worker.from(runs * heads, 1); unit < worker.to(runs * heads, 1); unit++) {
            int head = unit % heads;
            int from = unit / heads * PAGE;
            int to = Math.min(n, from + PAGE);
            long keyBase = layout.keyOffset(layer, head);
            long valueBase = layout.valueOffset(layer, head);
            for (int i = from; i < to; i++) {
                long key = 4L * layout.keyDim() * ((long) i * heads + head);
                long value = 4L * layout.valueDim() * ((long) i * heads + head);
                storeRow(keys, key, values, value, length + i, keyBase, valueBase);
            }
        }
    }

    private void storeRow(
            MemorySegment keys,
            long key,
            MemorySegment values,
            long value,
            int position,
            long keyBase,
            long valueBase) {
        MemorySegment page = page(position / PAGE);
        int keyDim = layout.keyDim();
        int valueDim = layout.valueDim();
        int bytes = layout.type().bytes();
        long keyAt = keyBase + bytes * KvLayout.tiled(position, keyDim);
        long valueAt = valueBase + (long) bytes * (position % PAGE) * layout.valueStride();
        switch (layout.type()) {
            case F32 -> {
                for (int i = 0; i < keyDim; i++) {
                    Blocks.putF32(page, keyAt + 4L * TILE * i, Blocks.f32(keys, key + 4L * i));
                }
                MemorySegment.copy(values, value, page, valueAt, 4L * valueDim);
            }
            case F16 -> {
                for (int i = 0; i < keyDim; i++) {
                    Blocks.putF16(page, keyAt + 2L * TILE * i, Blocks.f32(keys, key + 4L * i));
                }
                for (int i = 0; i < valueDim; i++) {
                    Blocks.putF16(page, valueAt + 2L * i, Blocks.f32(values, value + 4L * i));
                }
            }
        }
    }

    /// Stores this worker's share of the extra vectors of positions `length()` to `length() + n - 1`, like [#store].
    ///
    /// @param layer one of `layout().extra().layers()`
    /// @param extra f32 `[n, extra heads * width]`
    public void storeExtra(Worker worker, int layer, MemorySegment extra, int n) {
        requireRoom(n);
        int heads = layout.extra().heads();
        int width = layout.extra().width();
        int slot = extraSlot(layer);
        for (int head = worker.from(heads, 1); head < worker.to(heads, 1); head++) {
            long base = layout.extraOffset(slot, head);
            for (int i = 0; i < n; i++) {
                int position = length + i;
                MemorySegment page = page(position / PAGE);
                long at = base + 4 * KvLayout.tiled(position, width);
                long from = 4L * width * ((long) i * heads + head);
                for (int j = 0; j < width; j++) {
                    Blocks.putF32(page, at + 4L * TILE * j, Blocks.f32(extra, from + 4L * j));
                }
            }
        }
    }

    /// Takes the next `n` positions, stored in all layers, into the cache.
    public void advance(int n) {
        requireRoom(n);
        length += n;
    }

    /// Forgets all positions from `position` on. Their pages are freed, but for one that the next positions will need.
    public void truncate(int position) {
        requireOpen();
        if (position < 0 || position > length) {
            throw new ExcitorException.InvalidOption("the position to truncate at", "from 0 to " + length, position);
        }
        length = position;
        int used = (position + PAGE - 1) / PAGE;
        while (pageCount > used
                && (pageCount > used + 1 || pageAt(pageCount - 1).isShared())) {
            dropLastPage();
        }
    }

    /// A second cache with the same content, in constant time and memory: full pages are shared, the last one is
    /// copied.
    public KvCache fork() {
        requireOpen();
        KvCache fork = new KvCache(layout, capacity);
        int full = length / PAGE;
        int used = (length + PAGE - 1) / PAGE;
        fork.pages = new KvPage[used];
        if (used > full) {
            fork.pages[full] = pageAt(full).copy();
        }
        for (int index = 0; index < full; index++) {
            fork.pages[index] = pageAt(index).retain();
        }
        fork.pageCount = used;
        fork.length = length;
        return fork;
    }

    /// The bytes of one page, laid out as [KvLayout] says; for attention.
    public MemorySegment page(int index) {
        requireOpen();
        return pageAt(index).data();
    }

    /// The place of a layer among those that store extra vectors; for attention.
    ///
    /// @throws IllegalArgumentException when the layer stores none
    public int extraSlot(int layer) {
        int slot = extraSlots[layer];
        if (slot < 0) {
            throw new IllegalArgumentException("layer %d stores no extra vectors".formatted(layer));
        }
        return slot;
    }

    /// Gives the pages back. Closing twice is fine.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        while (pageCount > 0) {
            dropLastPage();
        }
        length = 0;
    }

    private void dropLastPage() {
        KvPage page = pageAt(pageCount - 1);
        pageCount--;
        pages[pageCount] = null;
        page.release();
    }

    private KvPage pageAt(int index) {
        KvPage page = pages[index];
        if (page == null) {
            throw new IllegalStateException("page %d of %d of the cache is not reserved".formatted(index, pageCount));
        }
        return page;
    }

    /// Makes sure that the next `n` positions can be written.
    ///
    /// @throws IllegalStateException where they were not reserved
    public void requireRoom(int n) {
        requireOpen();
        if (n < 0
                || (long) length + n > (long) pageCount * PAGE
                || (n > 0 && pageAt(length / PAGE).isShared())) {
            throw new IllegalStateException(
                    "%d positions behind %d were not reserved in the cache".formatted(n, length));
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the key/value cache is closed");
        }
    }
}
