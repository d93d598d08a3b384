package dev.excitor.runtime.foreign;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.LongBuffer;

/// Native memory that machine code is called with: the function's arguments in front, each 64 bits at its place, and
/// behind them whatever else it wants.
///
/// They are written through a buffer, which has the same checks as the segment. A process makes its first tokens with
/// code that is interpreted or hardly compiled, where writing to the segment itself takes three to four times as long,
/// and every product writes some twenty arguments for each few rows.
public final class Arguments {

    private final MemorySegment memory;
    private final LongBuffer numbers;
    private final long address;

    /// @param memory native, aligned to 8
    public Arguments(MemorySegment memory) {
        this.memory = memory;
        // a buffer has less than 2 GiB, and the arguments stand in front
        this.numbers = memory.asSlice(0, Math.min(memory.byteSize(), 1 << 30))
                .asByteBuffer()
                .order(ByteOrder.nativeOrder())
                .asLongBuffer();
        this.address = memory.address();
    }

    /// @param at bytes from the beginning, a multiple of 8
    public void set(int at, long value) {
        if (at % Long.BYTES != 0) {
            throw new IllegalArgumentException("arguments stand at multiples of 8 bytes, and not at " + at);
        }
        numbers.put(at / Long.BYTES, value);
    }

    /// @param at bytes from the beginning, a multiple of 4
    public void setInt(int at, int value) {
        memory.set(ValueLayout.JAVA_INT, at, value);
    }

    /// @param at bytes from the beginning, a multiple of 4
    public void setFloat(int at, float value) {
        memory.set(ValueLayout.JAVA_FLOAT, at, value);
    }

    /// @param at bytes from the beginning, a multiple of 8
    public double doubleAt(int at) {
        return memory.get(ValueLayout.JAVA_DOUBLE, at);
    }

    public MemorySegment memory() {
        return memory;
    }

    public long address() {
        return address;
    }

    public long byteSize() {
        return memory.byteSize();
    }
}
