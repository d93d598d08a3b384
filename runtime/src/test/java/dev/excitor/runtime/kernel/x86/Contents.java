package dev.excitor.runtime.kernel.x86;

import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Samples;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntUnaryOperator;

/// Blocks of every kind that a file can hold. Nothing here knows a layout: where
/// the binary16 numbers of a block are is found by asking its format's decode.
public final class Contents {

    /// Of all random contents; failures print it.
    public static final long SEED = 20261124;

    private static final int NAN = 0x7e00;
    private static final int ONE = 0x3c00;

    /// Halves of each kind, as the scales of a block.
    private static final Map<String, Integer> SCALES = scales();

    private Contents() {}

    private static Map<String, Integer> scales() {
        Map<String, Integer> scales = new LinkedHashMap<>();
        scales.put("0", 0x0000);
        scales.put("-0", 0x8000);
        scales.put("1", ONE);
        scales.put("-1.001", 0xbc01);
        scales.put("the smallest subnormal", 0x0001);
        scales.put("a negative subnormal", 0x83ff);
        scales.put("65504", 0x7bff);
        scales.put("-65504", 0xfbff);
        scales.put("infinity", 0x7c00);
        scales.put("-infinity", 0xfc00);
        scales.put("NaN", NAN);
        scales.put("a signalling NaN", 0x7c01);
        return scales;
    }

    /// Byte offsets of the halves of a block: where a NaN makes numbers NaN.
    public static List<Integer> halves(Format format) {
        List<Integer> found = new ArrayList<>();
        for (int at = 0; at + 1 < format.blockBytes(); at++) {
            byte[] block = new byte[format.blockBytes()];
            putHalf(block, at, NAN);
            for (float number : Samples.decode(format, block)) {
                if (Float.isNaN(number)) {
                    found.add(at);
                    break;
                }
            }
        }
        return found;
    }

    public static void putHalf(byte[] bytes, int at, int half) {
        bytes[at] = (byte) half;
        bytes[at + 1] = (byte) (half >> 8);
    }

    /// Random blocks, each half of each drawn anew.
    static byte[] blocks(Random random, Format format, int count, IntUnaryOperator half) {
        byte[] bytes = Samples.random(random, count * format.blockBytes());
        putHalves(bytes, format, half);
        return bytes;
    }

    /// Gives every half of every block the value for its number.
    private static void putHalves(byte[] bytes, Format format, IntUnaryOperator half) {
        int number = 0;
        for (int at : halves(format)) {
            for (int block = 0; block < bytes.length; block += format.blockBytes()) {
                putHalf(bytes, block + at, half.applyAsInt(number++));
            }
        }
    }

    /// Random blocks whose scales differ in sign and by a factor of up to 16, so that each of them counts in a
    /// sum.
    public static byte[] ordinary(Random random, Format format, int count) {
        return blocks(random, format, count, i -> (random.nextInt() & 0x8fff) + 0x2c00);
    }

    /// Random blocks whose halves are 1, so that all weights are small integers.
    public static byte[] integers(Random random, Format format, int count) {
        return blocks(random, format, count, i -> ONE);
    }

    /// Blocks of one byte repeated, except that their halves are 1.
    static byte[] uniform(Format format, int count, int fill) {
        return full(format, count * format.blockBytes(), fill, ONE);
    }

    private static byte[] full(Format format, int bytes, int fill, int half) {
        byte[] full = filled(bytes, fill);
        putHalves(full, format, i -> half);
        return full;
    }

    /// Blocks by what is special about them.
    public static Map<String, byte[]> hostile(Random random, Format format) {
        int count = 16 * 256 / format.blockSize();
        int bytes = count * format.blockBytes();
        Map<String, byte[]> contents = new LinkedHashMap<>();
        contents.put("hostile fields", Samples.hostile(random, format));
        contents.put("zeros", new byte[bytes]);
        contents.put("0xff", filled(bytes, 0xff));
        contents.put("random bytes", Samples.random(random, bytes));
        contents.put("random bytes of moderate size", Samples.moderate(random, format, count));
        contents.put("ordinary blocks", ordinary(random, format, count));
        int[] scales = SCALES.values().stream().mapToInt(i -> i).toArray();
        contents.put("mixed scales", blocks(random, format, count, i -> scales[random.nextInt(scales.length)]));
        SCALES.forEach((name, half) -> {
            contents.put("scales of " + name, blocks(random, format, count, i -> half));
            for (int fill : new int[] {0x00, 0x3f, 0xc0, 0xf0, 0x0f, 0x80, 0x7f, 0xff}) {
                contents.put("scales of %s among 0x%02x".formatted(name, fill), full(format, bytes, fill, half));
            }
        });
        return contents;
    }

    private static byte[] filled(int bytes, int value) {
        byte[] result = new byte[bytes];
        Arrays.fill(result, (byte) value);
        return result;
    }

    /// The blocks as rows of a matrix, repeated from the start where they do not fill the last row.
    public static byte[] rows(byte[] blocks, int rowBytes) {
        int rows = Math.ceilDiv(blocks.length, rowBytes);
        byte[] result = new byte[rows * rowBytes];
        for (int i = 0; i < result.length; i++) {
            result[i] = blocks[i % blocks.length];
        }
        return result;
    }
}
