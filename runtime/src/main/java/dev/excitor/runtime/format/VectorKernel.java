package dev.excitor.runtime.format;

import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Templates;
import java.lang.foreign.MemorySegment;

/// The portable vector form of one format. Implementations are templates, made once per vector width by [#of].
///
/// All offsets are bytes and unaligned; all activations are native, little-endian f32. Callers have proved every range.
/// A method must stay below 8,000 bytecodes and a helper that has to be inlined below 325: a test reads the class
/// files.
public interface VectorKernel {

    /// Products of matrix rows with one activation row: `y[r] = sum over c of W[r, c] x[c]` for r in `[from, to)`.
    ///
    /// Accumulated in f32 over several lanes: |y - exact| <= c n eps sum |w x|.
    ///
    /// @param weights the whole matrix, rows of whole blocks back to back from byte 0
    /// @param cols    numbers in a row
    /// @param x       activations, `cols` floats from byte `xAt`
    /// @param y       results, row r at byte `yAt + 4 r`
    void gemv(MemorySegment weights, int cols, MemorySegment x, long xAt, MemorySegment y, long yAt, int from, int to);

    /// Decodes whole blocks; equal to [Format#decode] bit for bit.
    void decode(MemorySegment source, long at, float[] target, int from, int count);

    /// Instantiates a format's kernel for one width.
    static VectorKernel of(Class<? extends VectorKernel> template, int bits) {
        return Templates.instantiate(template, VectorKernel.class, Lanes.ofBits(bits));
    }
}
