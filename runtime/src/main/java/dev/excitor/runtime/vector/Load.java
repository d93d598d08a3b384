package dev.excitor.runtime.vector;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Loads narrow integers, one per int lane. Small enough to be inlined wherever the species is constant.
///
/// Exactly as many bytes are read as there are lanes, so that the last block of a mapping needs no slack behind it.
public final class Load {

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final IntVector BYTE_SHIFTS =
            IntVector.fromArray(IntVector.SPECIES_128, new int[] {0, 8, 16, 24}, 0);

    private Load() {}

    /// `lanes` bytes, zero-extended.
    public static IntVector unsignedBytes(VectorSpecies<Integer> species, MemorySegment source, long at) {
        if (species.length() == 16) {
            return (IntVector) ByteVector.fromMemorySegment(ByteVector.SPECIES_128, source, at, ByteOrder.LITTLE_ENDIAN)
                    .convertShape(VectorOperators.ZERO_EXTEND_B2I, species, 0);
        }
        if (species.length() == 8) {
            return (IntVector) ByteVector.fromMemorySegment(ByteVector.SPECIES_64, source, at, ByteOrder.LITTLE_ENDIAN)
                    .convertShape(VectorOperators.ZERO_EXTEND_B2I, species, 0);
        }
        return IntVector.broadcast(IntVector.SPECIES_128, source.get(INT, at))
                .lanewise(VectorOperators.LSHR, BYTE_SHIFTS)
                .and(0xff);
    }

    /// `lanes` bytes, sign-extended.
    public static IntVector signedBytes(VectorSpecies<Integer> species, MemorySegment source, long at) {
        if (species.length() == 16) {
            return (IntVector) ByteVector.fromMemorySegment(ByteVector.SPECIES_128, source, at, ByteOrder.LITTLE_ENDIAN)
                    .convertShape(VectorOperators.B2I, species, 0);
        }
        if (species.length() == 8) {
            return (IntVector) ByteVector.fromMemorySegment(ByteVector.SPECIES_64, source, at, ByteOrder.LITTLE_ENDIAN)
                    .convertShape(VectorOperators.B2I, species, 0);
        }
        return IntVector.broadcast(IntVector.SPECIES_128, source.get(INT, at))
                .lanewise(VectorOperators.LSHR, BYTE_SHIFTS)
                .lanewise(VectorOperators.LSHL, 24)
                .lanewise(VectorOperators.ASHR, 24);
    }

    /// `lanes` 16-bit integers, zero-extended.
    public static IntVector unsignedShorts(VectorSpecies<Integer> species, MemorySegment source, long at) {
        if (species.length() == 16) {
            return (IntVector)
                    ShortVector.fromMemorySegment(ShortVector.SPECIES_256, source, at, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.ZERO_EXTEND_S2I, species, 0);
        }
        if (species.length() == 8) {
            return (IntVector)
                    ShortVector.fromMemorySegment(ShortVector.SPECIES_128, source, at, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.ZERO_EXTEND_S2I, species, 0);
        }
        return (IntVector) ShortVector.fromMemorySegment(ShortVector.SPECIES_64, source, at, ByteOrder.LITTLE_ENDIAN)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, species, 0);
    }

    /// A little-endian long, for the bit masks of the five-bit formats.
    public static long longAt(MemorySegment source, long at) {
        return source.get(LONG, at);
    }

    /// A little-endian int.
    public static int intAt(MemorySegment source, long at) {
        return source.get(INT, at);
    }
}
