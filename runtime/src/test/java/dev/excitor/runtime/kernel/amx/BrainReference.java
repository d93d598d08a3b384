package dev.excitor.runtime.kernel.amx;

import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.format.Samples;
import java.lang.foreign.MemorySegment;

/// The definition of numbers as brain floats, which every kernel must give bit for bit: to nearest, ties to even, as
/// the format BF16 has it; subnormal ones become a zero of their sign.
final class BrainReference {

    private BrainReference() {}

    static float[] rounded(float[] x) {
        byte[] bytes = new byte[2 * x.length];
        Formats.of("BF16").encode(x, 0, x.length, MemorySegment.ofArray(bytes), 0);
        float[] rounded = Samples.decode(Formats.of("BF16"), bytes);
        for (int i = 0; i < rounded.length; i++) {
            if (Math.abs(x[i]) < Float.MIN_NORMAL) {
                rounded[i] = Math.copySign(0, x[i]);
            }
        }
        return rounded;
    }
}
