package dev.excitor.runtime.format;

import dev.excitor.runtime.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// A number format: how a block of bytes means a run of numbers.
///
/// **To add one:** make a folder beside the others with `NAME.java` (byte picture in its Javadoc, sizes, scalar
/// `decode` and `encode`) and `NAMEVector.java` (a [VectorKernel] template), and add one line to [Formats]. The
/// contract tests find it there. The scalar `decode` is the definition; everything faster is proved equal to it.
public interface Format {
    /// GGUF's spelling, such as `Q4_0`.
    String name();

    /// The number that stands for it in a GGUF file.
    int ggmlType();

    /// Numbers in a block.
    int blockSize();

    /// Bytes of a block.
    int blockBytes();

    /// Decodes whole blocks: the definition of the format.
    ///
    /// @param source native or heap bytes, unaligned
    /// @param at     byte where the first block starts
    /// @param target receives `count` numbers from index `from`
    /// @param count  a multiple of [#blockSize]
    void decode(MemorySegment source, long at, float[] target, int from, int count);

    /// Encodes whole blocks, choosing the same bytes as the reference implementation of GGML where that is
    /// deterministic.
    ///
    /// @param source `count` finite numbers from index `from`
    /// @param count  a multiple of [#blockSize]
    void encode(float[] source, int from, int count, MemorySegment target, long at);

    /// The class of the portable vector kernel, a template for [VectorKernel#of]; empty where there is none (yet).
    Optional<Class<? extends VectorKernel>> vectorKernel();

    /// A fast form of [#encode] for one thread, equal to it bit for bit: see [Codec].
    ///
    /// @param bits width of the vectors: 128, 256 or 512
    default Codec.Encoder encoder(int bits) {
        return this::encode;
    }

    default long rowBytes(int cols) {
        return Math.multiplyExact((long) (cols / blockSize()), (long) blockBytes());
    }

    default long bytes(Shape shape) {
        return Math.multiplyExact(rowBytes(shape.cols()), (long) shape.rows());
    }

    /// Bits a number takes on average, scales included.
    default double bitsPerWeight() {
        return 8.0 * blockBytes() / blockSize();
    }
}
