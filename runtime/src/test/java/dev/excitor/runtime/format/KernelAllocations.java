package dev.excitor.runtime.format;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteOrder;
import java.util.Random;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;

/// A program that says for every format how many bytes a product and decoding allocate once they are compiled. Its
/// argument is the width of vectors.
final class KernelAllocations {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /// How long C2 may take; it needs about half a second.
    private static final long PATIENCE = 20_000_000_000L;

    private static final int ROWS = 64;
    private static final int COLS = 1024;

    private KernelAllocations() {}

    static void main(String[] arguments) {
        int bits = Integer.parseInt(arguments[0]);
        meetOtherSegments();
        for (Format format : Formats.all()) {
            if (format.vectorKernel().isPresent()) {
                VectorKernel kernel = VectorKernel.of(format.vectorKernel().get(), bits);
                System.out.println(format.name() + " " + measure(format, kernel));
            }
        }
    }

    /// Sends segments of several classes through the methods that kernels share with everybody, as programs do that do
    /// more than run models.
    private static void meetOtherSegments() {
        try (Arena confined = Arena.ofConfined()) {
            MemorySegment[] segments = {
                MemorySegment.ofArray(new byte[64]),
                confined.allocate(64),
                Arena.global().allocate(64)
            };
            float sum = 0;
            for (int i = 0; i < 30_000; i++) {
                MemorySegment segment = segments[i % segments.length];
                sum += FloatVector.fromMemorySegment(FloatVector.SPECIES_256, segment, 0, ByteOrder.LITTLE_ENDIAN)
                        .lane(0);
                sum += ByteVector.fromMemorySegment(ByteVector.SPECIES_64, segment, 0, ByteOrder.LITTLE_ENDIAN)
                        .lane(1);
                sum += segment.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2);
            }
            if (sum != 0) {
                throw new IllegalStateException("memory that was never written holds something else than zeros");
            }
        }
    }

    private static String measure(Format format, VectorKernel kernel) {
        Random random = new Random(5);
        float[] x = Samples.gaussian(random, COLS, 1);
        float[] y = new float[ROWS];
        float[] decoded = new float[ROWS * COLS];
        try (Arena arena = Arena.ofShared()) {
            MemorySegment weights =
                    Samples.exact(arena, Samples.moderate(random, format, ROWS * COLS / format.blockSize()));
            return leastAllocated(() -> kernel.gemv(weights, COLS, x, 0, y, 0, 0, ROWS))
                    + " "
                    + leastAllocated(() -> kernel.decode(weights, 0, decoded, 0, decoded.length));
        }
    }

    /// The fewest bytes that one of many runs allocates: those of the first one that allocates none.
    private static long leastAllocated(Runnable kernel) {
        long least = Long.MAX_VALUE;
        for (long start = System.nanoTime(); least > 0 && System.nanoTime() - start < PATIENCE; ) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            kernel.run();
            least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }
}
