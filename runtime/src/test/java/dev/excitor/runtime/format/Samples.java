package dev.excitor.runtime.format;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/// Inputs for the tests of formats: blocks of every kind a file can hold, in native memory of exactly their size at an
/// odd address, so that a read past the end throws and nothing can rely on alignment.
public final class Samples {

    /// f16 bit patterns that files hold by accident or by malice: zeros, subnormals, ones, the largest, infinities,
    /// NaNs.
    static final int[] HOSTILE_HALVES = {
        0x0000, 0x8000, 0x0001, 0x8001, 0x03ff, 0x83ff, 0x0400, 0x3c00, 0xbc00, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7c01,
        0x7e00, 0xffff
    };

    private Samples() {}

    public static float[] gaussian(Random random, int count, double deviation) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) (random.nextGaussian() * deviation);
        }
        return numbers;
    }

    /// Shared native memory of exactly `bytes` bytes that starts at an odd address.
    static MemorySegment exact(Arena arena, long bytes) {
        return arena.allocate(bytes + 1, 8).asSlice(1);
    }

    static MemorySegment exact(Arena arena, byte[] bytes) {
        return exact(arena, bytes.length).copyFrom(MemorySegment.ofArray(bytes));
    }

    public static byte[] random(Random random, int bytes) {
        byte[] result = new byte[bytes];
        random.nextBytes(result);
        return result;
    }

    /// Random blocks that decode to numbers a product can be compared on: finite, and far enough from the largest float
    /// that a sum of products stays finite too.
    public static byte[] moderate(Random random, Format format, int blocks) {
        byte[] result = new byte[blocks * format.blockBytes()];
        for (int block = 0; block < blocks; block++) {
            byte[] candidate;
            do {
                candidate = random(random, format.blockBytes());
            } while (!isModerate(decode(format, candidate)));
            System.arraycopy(candidate, 0, result, block * format.blockBytes(), candidate.length);
        }
        return result;
    }

    /// One block per byte offset and hostile pattern: whichever field lies at that offset holds the pattern once, and
    /// random bytes surround it.
    public static byte[] hostile(Random random, Format format) {
        int bytes = format.blockBytes();
        int places = Math.max(1, bytes - 1);
        byte[] result = random(random, places * HOSTILE_HALVES.length * bytes);
        int at = 0;
        for (int place = 0; place < places; place++) {
            for (int half : HOSTILE_HALVES) {
                result[at + place] = (byte) half;
                result[at + Math.min(place + 1, bytes - 1)] = (byte) (half >> 8);
                at += bytes;
            }
        }
        return result;
    }

    public static float[] decode(Format format, byte[] blocks) {
        int count = blocks.length / format.blockBytes() * format.blockSize();
        float[] numbers = new float[count];
        format.decode(MemorySegment.ofArray(blocks), 0, numbers, 0, count);
        return numbers;
    }

    private static boolean isModerate(float[] numbers) {
        for (float number : numbers) {
            if (!(Math.abs(number) < 1e30f)) {
                return false;
            }
        }
        return true;
    }
}
