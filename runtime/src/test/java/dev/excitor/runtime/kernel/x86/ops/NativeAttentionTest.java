package dev.excitor.runtime.kernel.x86.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.kv.KvCache;
import dev.excitor.runtime.kv.KvLayout;
import dev.excitor.runtime.ops.Attention;
import dev.excitor.runtime.ops.AttentionWorkspace;
import dev.excitor.runtime.ops.Ops;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/// What must be an exception in Java before machine code gets an address; the numbers are in the contract of all forms.
@ParameterizedClass
@EnumSource(Registers.class)
class NativeAttentionTest {

    private static final int HEADS = 4;
    private static final int DIM = 32;
    private static final int N = 3;
    private static final KvLayout LAYOUT = new KvLayout(2, 2, DIM, DIM, KvLayout.Type.F32);

    private final NativeOps nativeOps;
    private final Attention attention;
    private final Team team = new Team(2);
    private final Arena arena = Arena.ofShared();
    private final KvCache kv = new KvCache(LAYOUT, 100);
    private final MemorySegment rows = arena.allocate(4L * N * HEADS * DIM, 64);

    private AttentionWorkspace workspace;
    private MemorySegment q = rows;
    private MemorySegment out = rows;
    private int layer;

    NativeAttentionTest(Registers registers) {
        nativeOps = new NativeOps(registers);
        attention = nativeOps.over(Ops.scalar()).attention();
        workspace = attention.workspace(arena, LAYOUT, HEADS, 100, 2);
    }

    @BeforeParameterizedClassInvocation
    static void requireTheProcessor(Registers registers) {
        Cpu.require(registers);
    }

    @BeforeEach
    void reserve() {
        kv.reserve(N);
    }

    @AfterEach
    void free() {
        kv.close();
        arena.close();
        team.close();
        nativeOps.close();
    }

    private void attend() {
        team.run(worker -> attention.apply(worker, q, kv, layer, 0, N, 1, out, workspace));
    }

    private void store() {
        team.run(worker -> attention.store(worker, kv, layer, rows, rows, N, workspace));
    }

    @Test
    void heapMemoryIsRefused() {
        q = MemorySegment.ofArray(new float[N * HEADS * DIM]);
        assertThatThrownBy(this::attend).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void memoryThatIsTooSmallIsRefused() {
        q = rows.asSlice(0, rows.byteSize() - 1);
        assertThatThrownBy(this::attend).isInstanceOf(IndexOutOfBoundsException.class);
        q = rows;
        out = rows.asSlice(4);
        assertThatThrownBy(this::attend).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void readOnlyMemoryIsNotWritten() {
        out = rows.asReadOnly();
        assertThatThrownBy(this::attend).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    @SuppressWarnings("MustBeClosedChecker") // closed at once, which is the point
    void closedMemoryIsRefused() {
        Arena closed = Arena.ofShared();
        out = closed.allocate(rows.byteSize());
        closed.close();
        assertThatThrownBy(this::attend).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void memoryOfAnotherThreadIsRefused() {
        try (Arena confined = Arena.ofConfined()) {
            q = confined.allocate(rows.byteSize());
            assertThatThrownBy(this::attend).isInstanceOf(WrongThreadException.class);
        }
    }

    @Test
    void aClosedCacheIsRefused() {
        kv.close();
        assertThatThrownBy(this::attend).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(this::store).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void positionsThatWereNotReservedAreRefused() {
        assertThatThrownBy(() ->
                        team.run(worker -> attention.apply(worker, q, kv, 0, KvLayout.PAGE, 1, 1, out, workspace)))
                .isInstanceOfAny(IllegalStateException.class, IndexOutOfBoundsException.class);
        kv.truncate(0);
        assertThatThrownBy(() ->
                        team.run(worker -> attention.store(worker, kv, 0, rows, rows, KvLayout.PAGE + 1, workspace)))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void layersThatDoNotExistAreRefused() {
        for (int missing : new int[] {-1, LAYOUT.layers()}) {
            layer = missing;
            assertThatThrownBy(this::attend).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(this::store).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void aWorkspaceOfAnotherLayoutIsRefused() {
        KvLayout other = new KvLayout(2, 2, DIM, 2 * DIM, KvLayout.Type.F32);
        workspace = attention.workspace(arena, other, HEADS, 100, 2);
        assertThatThrownBy(this::attend).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(this::store).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void codeThatHasBeenUnmappedIsNotCalled() {
        nativeOps.close();
        assertThatThrownBy(this::attend).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void headsThatAreNotWholeRegistersGetThePortableForm() {
        for (int[] dims : new int[][] {{20, 32}, {32, 20}, {1024, 32}}) {
            KvLayout layout = new KvLayout(1, 2, dims[0], dims[1], KvLayout.Type.F16);
            assertThat(attention.workspace(arena, layout, HEADS, 100, 2)).isNotInstanceOf(NativeWorkspace.class);
        }
        KvLayout extra = LAYOUT.withExtra(Set.of(1), 1, 5);
        assertThat(attention.workspace(arena, extra, HEADS, 100, 2)).isInstanceOf(NativeWorkspace.class);
    }
}
