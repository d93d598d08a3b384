package dev.excitor.runtime.vector;

import dev.excitor.runtime.ExcitorException;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// The vector species of one width: what distinguishes the 128-, 256- and 512-bit forms of a kernel.
///
/// @param f32 float lanes
/// @param i32 as many int lanes
public record Lanes(VectorSpecies<Float> f32, VectorSpecies<Integer> i32) {

    /// The widths every kernel is built and tested for.
    public static final List<Integer> WIDTHS = List.of(128, 256, 512);

    public static Lanes ofBits(int bits) {
        if (!WIDTHS.contains(bits)) {
            throw new ExcitorException.InvalidOption("the vector width", "one of " + WIDTHS + " bits", bits);
        }
        VectorShape shape = VectorShape.forBitSize(bits);
        return new Lanes(VectorSpecies.of(float.class, shape), VectorSpecies.of(int.class, shape));
    }

    /// The widest of [#WIDTHS] that this CPU has registers for.
    public static int preferredBits() {
        return Math.clamp(FloatVector.SPECIES_PREFERRED.vectorBitSize(), 128, 512);
    }

    /// Vector width in bits.
    public int bits() {
        return f32.vectorBitSize();
    }

    /// Float lanes.
    public int count() {
        return f32.length();
    }

    /// Whether the float and int shapes of this width agree, which every template relies on.
    public Lanes {
        if (f32.length() != i32.length() || f32.length() > IntVector.SPECIES_512.length()) {
            throw new IllegalArgumentException("float and int lanes must be equal in number");
        }
    }
}
