package dev.excitor.runtime.format.superblock;

import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Templates;

/// Finds the scales of blocks of 32 numbers whose codes stand for sixteen unevenly spaced values, and the codes
/// (IQ4_NL and IQ4_XS). Stateless: scratch comes from the caller.
public interface Codebook {

    /// Numbers in a block.
    int BLOCK = 32;

    /// Floats of scratch for any number of lanes.
    int SCRATCH = 16 * BLOCK;

    /// The definition.
    static Codebook scalar() {
        return CodebookScalar.INSTANCE;
    }

    /// Equal to the definition bit for bit.
    ///
    /// @param bits width of the vectors
    static Codebook vector(int bits) {
        return Templates.instantiate(CodebookVector.class, Codebook.class, Lanes.ofBits(bits));
    }

    /// [ScaleSearch#codebook] for one block after the other.
    ///
    /// @param x       finite numbers from index `from`
    /// @param blocks  how many blocks of them
    /// @param values  sixteen, ascending, the first of largest magnitude
    /// @param scratch [#SCRATCH] floats
    /// @param scales  receives the scale of each block
    void search(float[] x, int from, int blocks, byte[] values, float[] scratch, float[] scales);

    /// `codes[at + i] = nearestValue(values, inverse * x[from + i])` for the 32 numbers of a block.
    void round(float[] x, int from, float inverse, byte[] values, int[] codes);
}
