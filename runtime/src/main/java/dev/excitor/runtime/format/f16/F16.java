package dev.excitor.runtime.format.f16;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.VectorKernel;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// IEEE 754 binary16, little-endian: one number in 2 bytes.
///
/// ```text
///   bit  15  14        10  9                  0
///       +---+------------+--------------------+    e = 1..30   (-1)^s 2^(e-15) (1 + m / 1024)
///       | s | e, 5 bits  | m, 10 bits         |    e = 0       (-1)^s 2^-14 m / 1024
///       +---+------------+--------------------+    e = 31      infinity for m = 0, else NaN
/// ```
public final class F16 implements Format {

    @Override
    public String name() {
        return "F16";
    }

    @Override
    public int ggmlType() {
        return 1;
    }

    @Override
    public int blockSize() {
        return 1;
    }

    @Override
    public int blockBytes() {
        return Short.BYTES;
    }

    @Override
    public void decode(MemorySegment source, long at, float[] target, int from, int count) {
        for (int i = 0; i < count; i++) {
            target[from + i] = Blocks.f16(source, at + 2L * i);
        }
    }

    /// Rounds to nearest, ties to even; beyond 65,504 lies infinity.
    @Override
    public void encode(float[] source, int from, int count, MemorySegment target, long at) {
        for (int i = 0; i < count; i++) {
            Blocks.putF16(target, at + 2L * i, source[from + i]);
        }
    }

    @Override
    public Optional<Class<? extends VectorKernel>> vectorKernel() {
        return Optional.of(F16Vector.class);
    }
}
