package dev.excitor.runtime.kernel.x86.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.kv.KvCache;
import dev.excitor.runtime.kv.KvLayout;
import dev.excitor.runtime.ops.Attention;
import dev.excitor.runtime.ops.AttentionWorkspace;
import dev.excitor.runtime.ops.Ops;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Pages that machine code has filled are, byte for byte, those that [KvCache#store] fills.
@ParameterizedClass
@EnumSource(Registers.class)
class NativeStoreTest {

    private static final long SEED = 20261124;
    private static final int LAYERS = 2;

    /// Key and value dimensions.
    private static final int[][] DIMS = {{16, 16}, {32, 64}, {80, 48}, {64, 128}, {256, 96}};

    /// Positions of successive passes, which end on either side of a tile and a page.
    private static final int[] PASSES = {1, 14, 1, 1, 46, 1, 1, 130, 3};

    private final NativeOps nativeOps;
    private final Attention attention;
    private final List<Team> teams = List.of(new Team(1), new Team(2), new Team(3));

    NativeStoreTest(Registers registers) {
        nativeOps = new NativeOps(registers);
        attention = nativeOps.over(Ops.scalar()).attention();
    }

    @BeforeParameterizedClassInvocation
    static void requireTheProcessor(Registers registers) {
        Cpu.require(registers);
    }

    @AfterEach
    void free() {
        teams.forEach(Team::close);
        nativeOps.close();
    }

    static List<KvLayout> layouts() {
        List<KvLayout> layouts = new ArrayList<>();
        for (KvLayout.Type type : KvLayout.Type.values()) {
            for (int[] dims : DIMS) {
                for (int kvHeads : new int[] {1, 3, 8}) {
                    layouts.add(new KvLayout(LAYERS, kvHeads, dims[0], dims[1], type));
                }
            }
        }
        return layouts;
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void fillsPagesByteForByteAsTheDefinition(KvLayout layout) {
        for (Team team : teams) {
            Random random = new Random(SEED);
            try (Arena arena = Arena.ofShared();
                    KvCache expected = new KvCache(layout, 200);
                    KvCache found = new KvCache(layout, 200)) {
                AttentionWorkspace workspace = attention.workspace(arena, layout, layout.kvHeads(), 200, team.size());
                for (int n : PASSES) {
                    expected.reserve(n);
                    found.reserve(n);
                    for (int layer = 0; layer < LAYERS; layer++) {
                        int l = layer;
                        MemorySegment keys = numbers(arena, random, n * layout.kvHeads() * layout.keyDim());
                        MemorySegment values = numbers(arena, random, n * layout.kvHeads() * layout.valueDim());
                        team.run(worker -> {
                            expected.store(worker, l, keys, values, n);
                            attention.store(worker, found, l, keys, values, n, workspace);
                        });
                    }
                    expected.advance(n);
                    found.advance(n);
                }
                for (int page = 0; page < (expected.length() + KvLayout.PAGE - 1) / KvLayout.PAGE; page++) {
                    assertThat(found.page(page).mismatch(expected.page(page)))
                            .as("first byte of page %d that differs, seed %d", page, SEED)
                            .isEqualTo(-1);
                }
            }
        }
    }

    /// What halves make of it: ties, subnormals, the borders of zero and of infinity, no numbers.
    private static MemorySegment numbers(Arena arena, Random random, int count) {
        float[] special = {
            0f,
            -0f,
            Float.NaN,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY,
            Float.MAX_VALUE,
            Float.MIN_VALUE,
            65_504,
            65_519.996f,
            -65_520,
            1 + 0x1p-11f,
            1 + 0x3p-11f,
            0x1p-24f,
            0x1p-25f,
            -0x1.000002p-25f,
            0x1.8p-24f
        };
        MemorySegment numbers = arena.allocate(4L * count);
        for (int i = 0; i < count; i++) {
            int kind = random.nextInt(2 * special.length);
            float number = kind < special.length ? special[kind] : (float) (random.nextGaussian() * (1 << kind % 17));
            numbers.setAtIndex(ValueLayout.JAVA_FLOAT, i, number);
        }
        return numbers;
    }
}
