package dev.excitor.runtime.kv;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/// A cache and what it should hold: every write goes to both, and [#check] compares them number by number.
final class Stored implements AutoCloseable {

    private final KvCache kv;
    private final List<float[]> rows;

    /// Of every page that this cache and its relatives have ever had.
    private final Set<MemorySegment.Scope> scopes;

    private Stored(KvCache kv, List<float[]> rows, Set<MemorySegment.Scope> scopes) {
        this.kv = kv;
        this.rows = rows;
        this.scopes = scopes;
    }

    static Stored empty(KvLayout layout, int capacity) {
        return new Stored(new KvCache(layout, capacity), new ArrayList<>(), new HashSet<>());
    }

    KvCache kv() {
        return kv;
    }

    int length() {
        return rows.size();
    }

    Stored fork() {
        Stored fork = new Stored(kv.fork(), new ArrayList<>(rows), scopes);
        fork.remember();
        return fork;
    }

    void truncate(int position) {
        kv.truncate(position);
        rows.subList(position, rows.size()).clear();
    }

    /// Appends random positions, halves' borders among them, as a forward pass does.
    void append(Team team, Random random, int n) {
        KvLayout layout = kv.layout();
        int width = rowWidth(layout);
        List<float[]> added = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            float[] row = new float[width];
            for (int j = 0; j < width; j++) {
                row[j] = number(random);
            }
            added.add(row);
        }
        kv.reserve(n);
        try (Arena arena = Arena.ofShared()) {
            for (int layer = 0; layer < layout.layers(); layer++) {
                int l = layer;
                int at = layer * layerWidth(layout);
                MemorySegment keys = slice(arena, added, at, keyWidth(layout));
                MemorySegment values = slice(arena, added, at + keyWidth(layout), valueWidth(layout));
                team.run(worker -> kv.store(worker, l, keys, values, n));
            }
            for (int layer : layout.extra().layers()) {
                int slot = kv.extraSlot(layer);
                int at = layout.layers() * layerWidth(layout) + slot * extraWidth(layout);
                MemorySegment extra = slice(arena, added, at, extraWidth(layout));
                team.run(worker -> kv.storeExtra(worker, layer, extra, n));
            }
        }
        kv.advance(n);
        rows.addAll(added);
        remember();
    }

    private void remember() {
        for (int page = 0; page * KvLayout.PAGE < length(); page++) {
            scopes.add(scope(page));
        }
    }

    /// Equal for two caches that share a page.
    MemorySegment.Scope scope(int page) {
        return kv.page(page).scope();
    }

    /// Pages whose memory has not been given back, of this cache and its relatives.
    long pagesAlive() {
        return scopes.stream().filter(MemorySegment.Scope::isAlive).count();
    }

    private static float number(Random random) {
        return switch (random.nextInt(8)) {
            case 0 -> 65_519.996f; // the last that rounds to the largest half
            case 1 -> 1 + 0x1p-11f; // a tie
            case 2 -> (float) (random.nextGaussian() * 1e-6); // subnormal halves
            case 3 -> -0f;
            default -> (float) random.nextGaussian();
        };
    }

    private static MemorySegment slice(Arena arena, List<float[]> rows, int at, int width) {
        MemorySegment segment = arena.allocate(4L * rows.size() * width, 64);
        for (int i = 0; i < rows.size(); i++) {
            Blocks.copyF32(rows.get(i), at, segment, 4L * i * width, width);
        }
        return segment;
    }

    /// Every number of every position is what was stored there, rounded as the layout says.
    void check(String when) {
        assertThat(kv.length()).as("length %s", when).isEqualTo(rows.size());
        KvLayout layout = kv.layout();
        for (int position = 0; position < rows.size(); position++) {
            MemorySegment page = kv.page(position / KvLayout.PAGE);
            float[] row = rows.get(position);
            int at = 0;
            for (int layer = 0; layer < layout.layers(); layer++) {
                for (int head = 0; head < layout.kvHeads(); head++) {
                    for (int i = 0; i < layout.keyDim(); i++) {
                        long key = layout.keyOffset(layer, head)
                                + layout.type().bytes()
                                        * (KvLayout.tiled(position, layout.keyDim()) + (long) KvLayout.TILE * i);
                        assertNumber(layout.type(), page, key, row[at++], when, position);
                    }
                }
                for (int head = 0; head < layout.kvHeads(); head++) {
                    for (int i = 0; i < layout.valueDim(); i++) {
                        long place = (long) (position % KvLayout.PAGE) * layout.valueStride() + i;
                        long value =
                                layout.valueOffset(layer, head) + layout.type().bytes() * place;
                        assertNumber(layout.type(), page, value, row[at++], when, position);
                    }
                }
            }
            for (int slot = 0; slot < layout.extra().layers().size(); slot++) {
                for (int head = 0; head < layout.extra().heads(); head++) {
                    for (int i = 0; i < layout.extra().width(); i++) {
                        long place = KvLayout.tiled(position, layout.extra().width()) + (long) KvLayout.TILE * i;
                        long extra = layout.extraOffset(slot, head) + 4 * place;
                        assertNumber(KvLayout.Type.F32, page, extra, row[at++], when, position);
                    }
                }
            }
        }
    }

    private static void assertNumber(
            KvLayout.Type type, MemorySegment page, long at, float stored, String when, int position) {
        float found = type == KvLayout.Type.F32 ? Blocks.f32(page, at) : Blocks.f16(page, at);
        float expected = type == KvLayout.Type.F32 ? stored : Float.float16ToFloat(Float.floatToFloat16(stored));
        if (Float.floatToIntBits(found) != Float.floatToIntBits(expected)) {
            assertThat(found)
                    .as("a number at position %d, byte %d, %s", position, at, when)
                    .isEqualTo(expected);
        }
    }

    private static int keyWidth(KvLayout layout) {
        return layout.kvHeads() * layout.keyDim();
    }

    private static int valueWidth(KvLayout layout) {
        return layout.kvHeads() * layout.valueDim();
    }

    private static int layerWidth(KvLayout layout) {
        return keyWidth(layout) + valueWidth(layout);
    }

    private static int extraWidth(KvLayout layout) {
        return layout.extra().heads() * layout.extra().width();
    }

    private static int rowWidth(KvLayout layout) {
        return layout.layers() * layerWidth(layout) + layout.extra().layers().size() * extraWidth(layout);
    }

    @Override
    public void close() {
        kv.close();
    }
}
