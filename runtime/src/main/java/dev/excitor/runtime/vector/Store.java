package dev.excitor.runtime.vector;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Stores the low bytes of int lanes, the counterpart of [Load]: exactly as many bytes as there are lanes. Small enough
/// to be inlined wherever the species is constant.
public final class Store {

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Store() {}

    /// The lowest byte of every lane.
    public static void bytes(IntVector values, MemorySegment target, long at) {
        if (values.length() == 16) {
            values.convertShape(VectorOperators.I2B, ByteVector.SPECIES_128, 0)
                    .reinterpretAsBytes()
                    .intoMemorySegment(target, at, ByteOrder.LITTLE_ENDIAN);
        } else if (values.length() == 8) {
            values.convertShape(VectorOperators.I2B, ByteVector.SPECIES_64, 0)
                    .reinterpretAsBytes()
                    .intoMemorySegment(target, at, ByteOrder.LITTLE_ENDIAN);
        } else {
            int four = values.convertShape(VectorOperators.I2B, ByteVector.SPECIES_64, 0)
                    .reinterpretAsInts()
                    .lane(0);
            target.set(INT, at, four);
        }
    }
}
