package dev.excitor.runtime.ops;

import dev.excitor.runtime.kv.KvLayout;
import java.util.Set;

/// The extents of one attention, small enough to be computed twice.
///
/// @param extraHeads heads of the extra vectors, 0 for none
/// @param extraWidth their numbers
record AttentionShape(
        KvLayout.Type type, int heads, int kvHeads, int keyDim, int valueDim, int extraHeads, int extraWidth) {

    /// Of these layers the last one is attended to, so that offsets of layers count.
    static final int LAYERS = 3;

    static final int LAYER = LAYERS - 1;

    AttentionShape(KvLayout.Type type, int heads, int kvHeads, int keyDim, int valueDim) {
        this(type, heads, kvHeads, keyDim, valueDim, 0, 0);
    }

    AttentionShape withExtra(int extraHeads, int extraWidth) {
        return new AttentionShape(type, heads, kvHeads, keyDim, valueDim, extraHeads, extraWidth);
    }

    boolean hasExtra() {
        return extraHeads > 0;
    }

    KvLayout layout() {
        KvLayout plain = new KvLayout(LAYERS, kvHeads, keyDim, valueDim, type);
        return hasExtra() ? plain.withExtra(Set.of(0, LAYER), extraHeads, extraWidth) : plain;
    }
}
