package dev.excitor.bench.kernels;

import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Format;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/// Random numbers, the same in every run.
final class Numbers {

    /// Rows of a matrix that are encoded; the others repeat them, because some formats take long to encode.
    private static final int DIFFERENT_ROWS = 16;

    private Numbers() {}

    static float[] gaussian(int count) {
        Random random = new Random(20261124);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }

    static MemorySegment segment(Arena arena, int count) {
        MemorySegment segment = arena.allocate(4L * count, 64);
        Blocks.copyF32(gaussian(count), 0, segment, 0, count);
        return segment;
    }

    static Tensor matrix(Arena arena, Format format, Shape shape) {
        MemorySegment data = arena.allocate(format.bytes(shape), 64);
        int different = Math.min(shape.rows(), DIFFERENT_ROWS);
        format.encode(gaussian(different * shape.cols()), 0, different * shape.cols(), data, 0);
        long rowBytes = format.rowBytes(shape.cols());
        for (int row = different; row < shape.rows(); row++) {
            MemorySegment.copy(data, row % different * rowBytes, data, row * rowBytes, rowBytes);
        }
        return new Tensor(format.name(), format, shape, data);
    }
}
