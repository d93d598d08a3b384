package dev.excitor.runtime.kv;

import java.util.List;
import java.util.Set;

/// What a cache stores for each position, and where in a page each number lies.
///
/// A page holds [#PAGE] positions of all layers, one layer after the other:
///
/// ```text
/// layer:  keys    [kvHeads][PAGE / TILE][keyDim][TILE]      F32 or F16
///         values  [kvHeads][PAGE][valueStride]              F32 or F16; numbers beyond valueDim are padding
/// then, for each layer that stores extra vectors, in ascending order
///         extra   [extra heads][PAGE / TILE][width][TILE]   F32
/// ```
///
/// Keys are tiled so that a vector register holds one dimension of several positions: a score then needs no horizontal
/// sum. Values stay row-wise, where the weighted sum over positions needs none either. Every run starts at a multiple
/// of 64 bytes.
///
/// @param layers   layers of the model
/// @param kvHeads  heads of keys and values
/// @param keyDim   numbers in a key of one head
/// @param valueDim numbers in a value of one head
/// @param type     how keys and values are stored
/// @param extra    what else is stored, see [Extra]
public record KvLayout(int layers, int kvHeads, int keyDim, int valueDim, Type type, Extra extra) {

    /// Positions in a page.
    public static final int PAGE = 64;

    /// Positions in a tile of keys.
    public static final int TILE = 16;

    /// How a key or value is stored.
    public enum Type {
        /// As computed.
        F32(Float.BYTES),
        /// Rounded to the nearest binary16, ties to even; beyond 65,504 to infinity.
        F16(Short.BYTES);

        private final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }

        /// Bytes of a number.
        public int bytes() {
            return bytes;
        }
    }

    /// A second vector that some layers store for each position and head, always F32.
    ///
    /// @param layers the layers that store one, ascending
    /// @param heads  its heads; independent of the key heads
    /// @param width  its numbers for one head
    public record Extra(List<Integer> layers, int heads, int width) {

        /// No layer stores one.
        public static final Extra NONE = new Extra(List.of(), 0, 0);

        public Extra {
            layers = layers.stream().sorted().distinct().toList();
            if (!layers.isEmpty() && (heads < 1 || width < 1)) {
                throw new IllegalArgumentException(
                        "extra vectors need heads and a width, not %d of %d".formatted(heads, width));
            }
        }
    }

    public KvLayout {
        if (layers < 1 || kvHeads < 1 || keyDim < 1 || valueDim < 1) {
            throw new IllegalArgumentException("a cache needs layers, heads and dimensions, not %d x %d x (%d + %d)"
                    .formatted(layers, kvHeads, keyDim, valueDim));
        }
        for (int layer : extra.layers()) {
            if (layer < 0 || layer >= layers) {
                throw new IllegalArgumentException("extra vectors for layer %d of %d".formatted(layer, layers));
            }
        }
    }

    /// A layout without extra vectors.
    public KvLayout(int layers, int kvHeads, int keyDim, int valueDim, Type type) {
        this(layers, kvHeads, keyDim, valueDim, type, Extra.NONE);
    }

    /// This layout with an extra vector for each position of some layers.
    public KvLayout withExtra(Set<Integer> layers, int heads, int width) {
        return new KvLayout(this.layers, kvHeads, keyDim, valueDim, type, new Extra(List.copyOf(layers), heads, width));
    }

    /// Numbers from one row of values to the next: `valueDim` rounded up to whole vectors of every width.
    public int valueStride() {
        return Math.addExact(valueDim, TILE - 1) / TILE * TILE;
    }

    /// Bytes of a page.
    public long pageBytes() {
        return Math.addExact(
                Math.multiplyExact(layers, layerBytes()),
                Math.multiplyExact(extra.layers().size(), extraLayerBytes()));
    }

    /// Bytes one position takes in all layers.
    public long bytesPerPosition() {
        return pageBytes() / PAGE;
    }

    /// Byte of a page where the keys of one head start.
    public long keyOffset(int layer, int head) {
        return layer * layerBytes() + head * keyBytes();
    }

    /// Byte of a page where the values of one head start.
    public long valueOffset(int layer, int head) {
        return layer * layerBytes() + kvHeads * keyBytes() + head * valueBytes();
    }

    /// Byte of a page where the extra vectors of one head start.
    ///
    /// @param slot the layer's place in `extra().layers()`
    public long extraOffset(int slot, int head) {
        return layers * layerBytes() + slot * extraLayerBytes() + head * (extraLayerBytes() / extra.heads());
    }

    /// Numbers from the start of a tiled run, `[PAGE / TILE][width][TILE]`, to the first number of one position.
    public static long tiled(int position, int width) {
        return (long) (position % PAGE / TILE) * width * TILE + position % TILE;
    }

    private long keyBytes() {
        return (long) PAGE * type.bytes() * keyDim;
    }

    private long valueBytes() {
        return (long) PAGE * type.bytes() * valueStride();
    }

    private long layerBytes() {
        return Math.multiplyExact(kvHeads, Math.addExact(keyBytes(), valueBytes()));
    }

    private long extraLayerBytes() {
        return Math.multiplyExact((long) PAGE * Float.BYTES * extra.width(), (long) extra.heads());
    }
}
