package dev.excitor.model.arch;

import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.ops.AttentionWorkspace;
import dev.excitor.runtime.ops.RopeFrequencies;
import dev.excitor.runtime.ops.RopeTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.List;

/// Working memory of one session: every activation of a forward pass, allocated once, native.
public final class Scratch {

    /// Rows of logits that are computed at a time, so that whole-prompt logits need no whole-prompt buffer.
    public static final int LOGIT_ROWS = 16;

    private final Dimensions dims;
    private final Activations x;
    private final Activations h;
    private final Activations heads;
    private final Activations ffn;
    private final Activations last;
    private final MemorySegment q;
    private final MemorySegment k;
    private final MemorySegment v;
    private final MemorySegment gate;
    private final MemorySegment y;
    private final MemorySegment logits;
    private final RopeTable angles;
    private final AttentionWorkspace workspace;
    private int n;

    /// @param ffn         F
    /// @param frequencies of the rotated pairs
    /// @param batch       most tokens of a pass
    /// @param packings    the packed forms of activations that the model's kernels may want
    public Scratch(
            Arena arena,
            Dimensions dims,
            int ffn,
            RopeFrequencies frequencies,
            int batch,
            Collection<Packing<?>> packings,
            AttentionWorkspace workspace) {
        this.dims = dims;
        this.workspace = workspace;
        this.x = new Activations(arena, batch, dims.width(), List.of());
        this.h = new Activations(arena, batch, dims.width(), packings);
        this.heads = new Activations(arena, batch, dims.heads() * dims.valueDim(), packings);
        this.ffn = new Activations(arena, batch, ffn, packings);
        this.last = new Activations(arena, Math.min(batch, LOGIT_ROWS), dims.width(), packings);
        this.q = floats(arena, batch, dims.queryWidth());
        this.k = floats(arena, batch, dims.keyWidth());
        this.v = floats(arena, batch, dims.valueWidth());
        this.gate = floats(arena, batch, ffn);
        this.y = floats(arena, batch, dims.width());
        this.logits = floats(arena, Math.min(batch, LOGIT_ROWS), dims.vocab());
        this.angles = new RopeTable(arena, frequencies, batch);
    }

    private static MemorySegment floats(Arena arena, int rows, int cols) {
        return arena.allocate(4L * rows * cols, 64);
    }

    /// Says how many tokens the pass has; by one thread, before the team starts.
    public void n(int n) {
        this.n = n;
        x.rows(n);
        h.rows(n);
        heads.rows(n);
        ffn.rows(n);
    }

    public int n() {
        return n;
    }

    /// The hidden state, `[n, C]`.
    public Activations x() {
        return x;
    }

    /// The normed hidden state that matrices receive, `[n, C]`.
    public Activations h() {
        return h;
    }

    /// What attention returns, `[n, H dv]`.
    public Activations heads() {
        return heads;
    }

    /// `silu(gate) * up`, `[n, F]`.
    public Activations ffn() {
        return ffn;
    }

    /// Normed hidden states of the tokens whose logits are wanted, `[LOGIT_ROWS, C]`.
    public Activations last() {
        return last;
    }

    /// Queries, `[n, H, d]`.
    public MemorySegment q() {
        return q;
    }

    /// Keys, `[n, G, d]`.
    public MemorySegment k() {
        return k;
    }

    /// Values, `[n, G, dv]`.
    public MemorySegment v() {
        return v;
    }

    /// `[n, F]`.
    public MemorySegment gate() {
        return gate;
    }

    /// What a sub-layer adds to the hidden state, `[n, C]`.
    public MemorySegment y() {
        return y;
    }

    /// `[LOGIT_ROWS, V]`, the row of the first token asked for at byte 0.
    public MemorySegment logits() {
        return logits;
    }

    /// Rotation angles of the pass's positions.
    public RopeTable angles() {
        return angles;
    }

    /// What attention works in.
    public AttentionWorkspace workspace() {
        return workspace;
    }

    public Dimensions dims() {
        return dims;
    }
}
