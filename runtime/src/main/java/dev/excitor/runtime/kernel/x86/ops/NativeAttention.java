package dev.excitor.runtime.kernel.x86.ops;

import static dev.excitor.runtime.foreign.Addresses.readable;
import static dev.excitor.runtime.foreign.Addresses.writable;
import static dev.excitor.runtime.kv.KvLayout.PAGE;
import static dev.excitor.runtime.kv.KvLayout.TILE;

import dev.excitor.runtime.foreign.Arguments;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.kernel.VectorApi;
import dev.excitor.runtime.kv.KvCache;
import dev.excitor.runtime.kv.KvLayout;
import dev.excitor.runtime.ops.Attention;
import dev.excitor.runtime.ops.AttentionWorkspace;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/// [Attention] in machine code, for keys and values of whole registers.
///
/// Kernels are assembled when a session makes its workspace, which then says which form serves it: this one, or the
/// portable one for heads that are not whole registers. The tasks are those of the Vector API form: blocks of queries
/// times kv heads, and for a single query spans of positions, which are joined behind a barrier.
final class NativeAttention implements Attention {

    private static final System.Logger LOG = System.getLogger(NativeAttention.class.getName());

    private final Registers registers;
    private final Attention portable;
    private final Function<byte[], MachineCode> install;
    private final Map<KernelsOf, NativeWorkspace.Kernels> known = new HashMap<>();
    private final Set<String> said = new HashSet<>();

    private record KernelsOf(HeadShape plain, HeadShape withExtra) {}

    /// @param registers of the kernels
    /// @param portable  runs what this does not take
    /// @param install   makes code executable and owns it
    NativeAttention(Registers registers, Attention portable, Function<byte[], MachineCode> install) {
        this.registers = registers;
        this.portable = portable;
        this.install = install;
    }

    @Override
    public AttentionWorkspace workspace(Arena arena, KvLayout layout, int heads, int capacity, int workers) {
        Optional<String> obstacle = HeadShape.obstacle(layout);
        if (obstacle.isPresent()) {
            sayOnce(obstacle.get());
            return portable.workspace(arena, layout, heads, capacity, workers);
        }
        return new NativeWorkspace(arena, layout, heads, capacity, workers, kernels(layout));
    }

    private synchronized void sayOnce(String obstacle) {
        if (!said.add(obstacle)) {
            return;
        }
        if (VectorApi.isAvailable()) {
            LOG.log(
                    System.Logger.Level.INFO,
                    "Attention runs in its portable form, which needs some tokens to warm up: " + obstacle);
        } else {
            VectorApi.warnMissing("passes of attention (" + obstacle + ")");
        }
    }

    private synchronized NativeWorkspace.Kernels kernels(KvLayout layout) {
        HeadShape plain = HeadShape.of(layout, 0);
        HeadShape withExtra = HeadShape.of(layout, layout.extra().width());
        return known.computeIfAbsent(new KernelsOf(plain, withExtra), wanted -> {
            MachineCode first = install.apply(AttentionKernel.assemble(plain, registers));
            return new NativeWorkspace.Kernels(
                    first,
                    plain.equals(withExtra) ? first : install.apply(AttentionKernel.assemble(withExtra, registers)),
                    install.apply(JoinKernel.assemble(layout.valueDim(), registers)),
                    install.apply(StoreKernel.assemble(plain, registers)));
        });
    }

    @Override
    public void apply(
            Worker worker,
            MemorySegment q,
            KvCache kv,
            int layer,
            int first,
            int n,
            float scale,
            MemorySegment out,
            AttentionWorkspace workspace) {
        if (workspace instanceof NativeWorkspace own) {
            own.requireMadeFor(kv.layout());
            attend(worker, own, own.kernels().plain(), q, MemorySegment.NULL, -1, kv, layer, first, n, scale, out);
        } else {
            portable.apply(worker, q, kv, layer, first, n, scale, out, workspace);
        }
    }

    @Override
    public void applyWithExtra(
            Worker worker,
            MemorySegment q,
            MemorySegment b,
            KvCache kv,
            int layer,
            int first,
            int n,
            float scale,
            MemorySegment out,
            AttentionWorkspace workspace) {
        if (workspace instanceof NativeWorkspace own) {
            own.requireMadeFor(kv.layout());
            int slot = kv.extraSlot(layer);
            attend(worker, own, own.kernels().withExtra(), q, b, slot, kv, layer, first, n, scale, out);
        } else {
            portable.applyWithExtra(worker, q, b, kv, layer, first, n, scale, out, workspace);
        }
    }

    /// @param slot of the extra vectors, or -1 where they take no part
    private static void attend(
            Worker worker,
            NativeWorkspace workspace,
            MachineCode kernel,
            MemorySegment q,
            MemorySegment b,
            int slot,
            KvCache kv,
            int layer,
            int first,
            int n,
            float scale,
            MemorySegment out) {
        KvLayout layout = kv.layout();
        int heads = workspace.heads();
        int group = heads / layout.kvHeads();
        int width = slot < 0 ? 0 : layout.extra().width();
        Objects.checkIndex(layer, layout.layers());
        long rows = (long) n * heads;
        long qAt = readable(q, 0, 4 * rows * layout.keyDim());
        long bAt = readable(b, 0, 4 * rows * width);
        long outAt = writable(out, 0, 4 * rows * layout.valueDim());
        Arguments memory = workspace.memory(worker, Math.ceilDiv(first + n, PAGE));
        memory.setFloat(AttentionKernel.SCALE, scale);
        memory.set(AttentionKernel.GROUP, group);
        memory.set(AttentionKernel.Q_SKIP, 4L * (heads - group) * layout.keyDim());
        memory.set(AttentionKernel.B_SKIP, 4L * (heads - group) * width);
        memory.set(AttentionKernel.OUT_SKIP, 4L * (heads - group) * layout.valueDim());
        // one query is cut along the positions, several along the queries
        int length = AttentionWorkspace.span(first + 1);
        int spans = n == 1 ? first / length + 1 : 1;
        int blocks = (n + workspace.queries() - 1) / workspace.queries();
        int parts = spans * blocks;
        for (int task = worker.index(); task < parts * layout.kvHeads(); task += worker.count()) {
            // blocks of late queries take longest and go first
            int part = parts - 1 - task % parts;
            int kvHead = task / parts;
            int query = part / spans * workspace.queries();
            int span = part % spans;
            int count = Math.min(workspace.queries(), n - query);
            int end = Math.min(first + query + count, spans == 1 ? Integer.MAX_VALUE : (span + 1) * length);
            long row = (long) query * heads + (long) kvHead * group;
            memory.set(AttentionKernel.ROWS, (long) count * group);
            memory.set(AttentionKernel.LIMIT, first + query + 1);
            memory.set(AttentionKernel.Q, qAt + 4 * row * layout.keyDim());
            memory.set(AttentionKernel.B, bAt + 4 * row * width);
            memory.set(AttentionKernel.KEYS, layout.keyOffset(layer, kvHead));
            memory.set(AttentionKernel.VALUES, layout.valueOffset(layer, kvHead));
            writeExtra(memory, workspace, layout, slot, kvHead, group);
            writePages(memory, workspace, kv, span * (length / PAGE), (end + PAGE - 1) / PAGE);
            if (spans == 1) {
                memory.set(AttentionKernel.PARTIAL, 0);
                memory.set(AttentionKernel.OUT, outAt + 4 * row * layout.valueDim());
            } else {
                long bytes = 4L * workspace.partialSize();
                memory.set(AttentionKernel.PARTIAL, 1);
                memory.set(
                        AttentionKernel.OUT,
                        writable(workspace.partials(), ((long) span * heads + row) * bytes, group * bytes));
            }
            kernel.call(memory);
        }
        if (spans > 1) {
            worker.barrier();
            join(worker, workspace, layout, spans, outAt);
        }
    }

    /// This worker's share of the heads.
    private static void join(Worker worker, NativeWorkspace workspace, KvLayout layout, int spans, long outAt) {
        int heads = workspace.heads();
        int head = worker.from(heads, 1);
        int count = worker.to(heads, 1) - head;
        if (count == 0) {
            return;
        }
        long bytes = 4L * workspace.partialSize();
        long spanBytes = heads * bytes;
        Arguments memory = workspace.memory(worker);
        memory.set(
                JoinKernel.PARTIALS,
                readable(workspace.partials(), head * bytes, (spans - 1) * spanBytes + count * bytes));
        memory.set(JoinKernel.SPAN_BYTES, spanBytes);
        memory.set(JoinKernel.SPANS, spans);
        memory.set(JoinKernel.HEADS, count);
        memory.set(JoinKernel.OUT, outAt + 4L * head * layout.valueDim());
        workspace.kernels().join().call(memory);
    }

    /// Where a page has the extra vectors of each query head of the group.
    private static void writeExtra(
            Arguments memory, NativeWorkspace workspace, KvLayout layout, int slot, int kvHead, int group) {
        int table = workspace.extraTable();
        memory.set(AttentionKernel.EXTRA, memory.address() + table);
        for (int head = 0; head < group && slot >= 0; head++) {
            int extraHead = (kvHead * group + head) * layout.extra().heads() / workspace.heads();
            memory.set(table + Long.BYTES * head, layout.extraOffset(slot, extraHead));
        }
    }

    /// The addresses of pages `[from, to)`, the last one twice, as the one to fetch when it is read.
    private static void writePages(Arguments memory, NativeWorkspace workspace, KvCache kv, int from, int to) {
        int table = workspace.pageTable();
        long pageBytes = kv.layout().pageBytes();
        int at = table;
        for (int index = from; index < to; index++) {
            MemorySegment page = kv.page(index);
            if (page.byteSize() != pageBytes) {
                throw new IllegalArgumentException("page %d is not of this layout".formatted(index));
            }
            memory.set(at, page.address());
            at += Long.BYTES;
            memory.set(at, page.address());
        }
        memory.set(AttentionKernel.START, (long) from * PAGE);
        memory.set(AttentionKernel.PAGES, memory.address() + table);
        memory.set(AttentionKernel.PAGES_END, memory.address() + at);
    }

    @Override
    public void store(
            Worker worker,
            KvCache kv,
            int layer,
            MemorySegment keys,
            MemorySegment values,
            int n,
            AttentionWorkspace workspace) {
        if (!(workspace instanceof NativeWorkspace own)) {
            portable.store(worker, kv, layer, keys, values, n, workspace);
            return;
        }
        own.requireMadeFor(kv.layout());
        kv.requireRoom(n);
        Objects.checkIndex(layer, kv.layout().layers());
        int heads = kv.layout().kvHeads();
        int runs = (n + PAGE - 1) / PAGE;
        int end = worker.to(runs * heads, 1);
        int unit = worker.from(runs * heads, 1);
        while (unit < end) {
            int head = unit % heads;
            int count = Math.min(heads - head, end - unit);
            int to = Math.min(n, (unit / heads + 1) * PAGE);
            for (int i = unit / heads * PAGE; i < to; ) {
                int positions = Math.min(to - i, PAGE - (kv.length() + i) % PAGE);
                store(own.memory(worker), own.kernels().store(), kv, layer, head, count, keys, values, i, positions);
                i += positions;
            }
            unit += count;
        }
    }

    /// Stores rows `[i, i + positions)` of some heads, which go into one page.
    private static void store(
            Arguments memory,
            MachineCode kernel,
            KvCache kv,
            int layer,
            int head,
            int heads,
            MemorySegment keys,
            MemorySegment values,
            int i,
            int positions) {
        KvLayout layout = kv.layout();
        HeadShape shape = HeadShape.of(layout, 0);
        int position = kv.length() + i;
        long keyStride = 4L * layout.kvHeads() * layout.keyDim();
        long valueStride = 4L * layout.kvHeads() * layout.valueDim();
        long key = i * keyStride + 4L * head * layout.keyDim();
        long value = i * valueStride + 4L * head * layout.valueDim();
        long keyBytes = (positions - 1) * keyStride + 4L * heads * layout.keyDim();
        long valueBytes = (positions - 1) * valueStride + 4L * heads * layout.valueDim();
        MemorySegment page = kv.page(position / PAGE);
        long keyHead = writable(page, layout.keyOffset(layer, head), (long) heads * shape.keyBytes());
        long valueHead = writable(page, layout.valueOffset(layer, head), (long) heads * shape.valueBytes());
        long row = (long) position % PAGE * layout.valueStride();
        memory.set(StoreKernel.K, readable(keys, key, keyBytes));
        memory.set(StoreKernel.K_STRIDE, keyStride);
        memory.set(StoreKernel.V, readable(values, value, valueBytes));
        memory.set(StoreKernel.V_STRIDE, valueStride);
        memory.set(StoreKernel.KEYS, keyHead + shape.bytes() * KvLayout.tiled(position, layout.keyDim()));
        memory.set(StoreKernel.PLACE, position % TILE);
        memory.set(StoreKernel.VALUES, valueHead + shape.bytes() * row);
        memory.set(StoreKernel.HEADS, heads);
        memory.set(StoreKernel.POSITIONS, positions);
        kernel.call(memory);
    }
}
