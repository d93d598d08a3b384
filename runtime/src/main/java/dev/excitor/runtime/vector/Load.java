package dev.excitor.runtime.vector;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
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
    private static final IntVector BYTE = IntVector.broadcast(IntVector.SPECIES_128, 0xff);

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
                .and(BYTE);
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

    /// `lanes` 16-bit integers, sign-extended.
    public static IntVector signedShorts(VectorSpecies<Integer> species, MemorySegment source, long at) {
        if (species.length() == 16) {
            return (IntVector)
                    ShortVector.fromMemorySegment(ShortVector.SPECIES_256, source, at, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, species, 0);
        }
        if (species.length() == 8) {
            return (IntVector)
                    ShortVector.fromMemorySegment(ShortVector.SPECIES_128, source, at, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, species, 0);
        }
        return (IntVector) ShortVector.fromMemorySegment(ShortVector.SPECIES_64, source, at, ByteOrder.LITTLE_ENDIAN)
                .convertShape(VectorOperators.S2I, species, 0);
    }

    /// `lanes` IEEE 754 binary16 numbers as floats, exactly.
    ///
    /// A half's exponent and fraction, moved to their places in a float, mean a number 2^112 times too small, which
    /// holds for subnormal halves too. The exponent 31 of infinities and NaNs has to become 255.
    public static FloatVector halves(VectorSpecies<Integer> species, MemorySegment source, long at) {
        IntVector moved = signedShorts(species, source, at)
                .lanewise(VectorOperators.LSHL, 13)
                .and(0x8fff_e000);
        IntVector notFinite = IntVector.broadcast(species, 0x0f7f_ffff)
                .sub(moved.and(0x7fff_ffff))
                .lanewise(VectorOperators.ASHR, 31);
        return moved.reinterpretAsFloats()
                .mul(0x1p112f)
                .reinterpretAsInts()
                .or(notFinite.and(0x7f80_0000))
                .reinterpretAsFloats();
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
