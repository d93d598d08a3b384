package dev.excitor.runtime.format.f32;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.VectorKernel;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// IEEE 754 binary32, little-endian: one number in 4 bytes.
public final class F32 implements Format {

    @Override
    public String name() {
        return "F32";
    }

    @Override
    public int ggmlType() {
        return 0;
    }

    @Override
    public int blockSize() {
        return 1;
    }

    @Override
    public int blockBytes() {
        return Float.BYTES;
    }

    @Override
    public void decode(MemorySegment source, long at, float[] target, int from, int count) {
        for (int i = 0; i < count; i++) {
            target[from + i] = Blocks.f32(source, at + 4L * i);
        }
    }

    @Override
    public void encode(float[] source, int from, int count, MemorySegment target, long at) {
        for (int i = 0; i < count; i++) {
            Blocks.putF32(target, at + 4L * i, source[from + i]);
        }
    }

    @Override
    public Optional<Class<? extends VectorKernel>> vectorKernel() {
        return Optional.of(F32Vector.class);
    }
}
