package dev.excitor.runtime.kernel.vector;

import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Templates;

/// The innermost step of a matrix product: some weight rows times one panel of packed activations, all in registers.
public interface GemmTile {

    /// Weight rows of a tile.
    int rows();

    /// `C[r, t] (+)= sum over k of A[r, k] B[k, t]` for `rows()` rows r and
    /// [FloatPanels#PANEL] tokens t.
    ///
    /// @param a     weights, row r from `aAt + r aStride`, k contiguous; shares its array with c
    /// @param b     activations, `[k][PANEL]` from `bAt`
    /// @param cAt   results in the array of a, row r from `cAt + r cStride`
    /// @param depth number of k
    /// @param first whether C is written, not added to
    void multiply(float[] a, int aAt, int aStride, float[] b, int bAt, int cAt, int cStride, int depth, boolean first);

    /// The tile that suits the registers of one width: 12 x 2 vectors where there are 32 of them, else 6 x 2.
    static GemmTile ofBits(int bits) {
        return Templates.instantiate(
                bits == 512 ? GemmTile12x2.class : GemmTile6x2.class, GemmTile.class, Lanes.ofBits(bits));
    }
}
