package dev.excitor.runtime.format;

import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Templates;
import java.lang.foreign.MemorySegment;

/// The portable vector form of one format. Implementations are templates, made once per vector width by [#of].
///
/// All offsets in segments are bytes and unaligned, and callers have proved every range. What C2 wants of an
/// implementation, or it is ten times slower and allocates a vector with every operation:
///
/// - A method stays below 8,000 bytecodes, and a helper that has to be inlined below 325. A test reads the class files.
/// - All that is inlined into one method stays below 18,000 of C2's nodes. A load from a segment takes 500, one of
///   bytes that become ints 1,500, one number from a segment 700, an operation 400, and 700 where its operand is
///   no vector: masks are static fields. A test counts the bytes that products allocate.
/// - Weights are asked for [#requireNative] in front of every row or decoding. C2 then knows the class of the segment
/// in all that
///   follows, whatever other segments the same methods of the JDK have met elsewhere in the process.
public interface VectorKernel {

    /// Products of matrix rows with one activation row: `y[r] = sum over c of W[r, c] x[c]` for r in `[from, to)`.
    ///
    /// Accumulated in f32 over several lanes: |y - exact| <= c n eps sum |w x|.
    ///
    /// @param weights the whole matrix, rows of whole blocks back to back from byte 0
    /// @param cols    numbers in a row
    /// @param x       activations, `cols` floats from `xAt`
    /// @param y       results, row r at `yAt + r - from`
    void gemv(MemorySegment weights, int cols, float[] x, int xAt, float[] y, int yAt, int from, int to);

    /// Refuses weights on the Java heap. The question itself, `weights.isNative()`, has to stand in the kernel, since
    /// C2 takes the class from what was seen at that very call.
    static void requireNative(boolean isNative) {
        if (!isNative) {
            throw new IllegalArgumentException("weights lie outside of the Java heap");
        }
    }

    /// Decodes whole blocks; equal to [Format#decode] bit for bit.
    void decode(MemorySegment source, long at, float[] target, int from, int count);

    /// Instantiates a format's kernel for one width.
    static VectorKernel of(Class<? extends VectorKernel> template, int bits) {
        return Templates.instantiate(template, VectorKernel.class, Lanes.ofBits(bits));
    }
}
