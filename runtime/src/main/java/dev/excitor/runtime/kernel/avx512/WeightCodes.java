package dev.excitor.runtime.kernel.avx512;

import dev.excitor.runtime.format.Format;
import java.util.List;
import java.util.Optional;

/// The list of formats that are unpacked by machine code. Adding one is adding an [Unpacker] and its line here.
public final class WeightCodes {

    private static final List<WeightCode> ALL = List.of(
            new WeightCode("Q4_0", 64, 36, 32, false, k -> new Nibbles(k, Nibbles.Q4_0)),
            new WeightCode("Q4_1", 64, 40, 32, true, k -> new Nibbles(k, Nibbles.Q4_1)),
            new WeightCode("Q5_0", 64, 44, 32, false, k -> new Nibbles(k, Nibbles.Q5_0)),
            new WeightCode("Q5_1", 64, 48, 32, true, k -> new Nibbles(k, Nibbles.Q5_1)),
            new WeightCode("Q8_0", 64, 68, 32, false, Q8_0Unpacker::new),
            new WeightCode("IQ4_NL", 64, 36, 32, false, k -> new Nibbles(k, Nibbles.IQ4_NL)),
            new WeightCode("Q2_K", 256, 84, 16, true, Q2_KUnpacker::new),
            new WeightCode("Q3_K", 256, 110, 16, false, Q3_KUnpacker::new),
            new WeightCode("Q4_K", 256, 144, 32, true, k -> new Q4_KUnpacker(k, false)),
            new WeightCode("Q5_K", 256, 176, 32, true, k -> new Q4_KUnpacker(k, true)),
            new WeightCode("Q6_K", 256, 210, 16, false, Q6_KUnpacker::new),
            new WeightCode("IQ4_XS", 256, 136, 32, false, IQ4_XSUnpacker::new));

    private WeightCodes() {}

    public static Optional<WeightCode> find(Format format) {
        return ALL.stream().filter(code -> code.format().equals(format.name())).findFirst();
    }

    public static List<WeightCode> all() {
        return ALL;
    }
}
