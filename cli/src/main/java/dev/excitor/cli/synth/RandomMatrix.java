package dev.excitor.cli.synth;

import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.runtime.format.Format;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/// Random weights in some format: normally distributed with a standard deviation of `1 / sqrt(cols)`, so that a product
/// with a row of unit variance has unit variance again and activations stay finite through any number of layers.
///
/// Encoding a billion numbers would take minutes. A *tile* of half a million is encoded instead, once per format and
/// row length, and a matrix is dealt from it, a few blocks at a time, from random places.
final class RandomMatrix {

    private static final String ALGORITHM = "L64X128MixRandom";
    private static final int TILE_NUMBERS = 1 << 19;

    /// Blocks copied from one place; small, so that two rows share next to nothing.
    private static final int RUN = 8;

    private final MemorySegment tile;
    private final int blockBytes;
    private final int blocks;

    RandomMatrix(Arena arena, Format format, int cols, long seed) {
        this.blockBytes = format.blockBytes();
        this.blocks = TILE_NUMBERS / format.blockSize();
        this.tile = arena.allocate((long) blocks * blockBytes, 64);
        float[] numbers = new float[TILE_NUMBERS];
        normal(generator(seed), numbers, 1 / Math.sqrt(cols));
        format.encode(numbers, 0, numbers.length, tile, 0);
    }

    /// The rows of one matrix; the same seed gives the same rows.
    GgufWriter.Rows rows(long seed) {
        RandomGenerator random = generator(seed);
        return (from, rows, target) -> deal(random, target);
    }

    private void deal(RandomGenerator random, MemorySegment target) {
        long runBytes = (long) RUN * blockBytes;
        for (long at = 0; at < target.byteSize(); at += runBytes) {
            long from = (long) random.nextInt(blocks - RUN) * blockBytes;
            MemorySegment.copy(tile, from, target, at, Math.min(runBytes, target.byteSize() - at));
        }
    }

    static RandomGenerator generator(long seed) {
        return RandomGeneratorFactory.of(ALGORITHM).create(seed);
    }

    /// Box and Muller's transform, with functions that give the same bits everywhere.
    private static void normal(RandomGenerator random, float[] numbers, double deviation) {
        for (int i = 0; i < numbers.length; i += 2) {
            double radius = deviation * StrictMath.sqrt(-2 * StrictMath.log(1 - random.nextDouble()));
            double angle = 2 * StrictMath.PI * random.nextDouble();
            numbers[i] = (float) (radius * StrictMath.cos(angle));
            numbers[i + 1] = (float) (radius * StrictMath.sin(angle));
        }
    }
}
