package dev.excitor.runtime.format;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.format.bf16.BF16;
import dev.excitor.runtime.format.f16.F16;
import dev.excitor.runtime.format.f32.F32;
import dev.excitor.runtime.format.iq4_nl.IQ4_NL;
import dev.excitor.runtime.format.iq4_xs.IQ4_XS;
import dev.excitor.runtime.format.q2_k.Q2_K;
import dev.excitor.runtime.format.q3_k.Q3_K;
import dev.excitor.runtime.format.q4_0.Q4_0;
import dev.excitor.runtime.format.q4_1.Q4_1;
import dev.excitor.runtime.format.q4_k.Q4_K;
import dev.excitor.runtime.format.q5_0.Q5_0;
import dev.excitor.runtime.format.q5_1.Q5_1;
import dev.excitor.runtime.format.q5_k.Q5_K;
import dev.excitor.runtime.format.q6_k.Q6_K;
import dev.excitor.runtime.format.q8_0.Q8_0;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The list of number formats. Adding one is adding one line.
public final class Formats {

    private static final List<Format> ALL = List.of( //
            new F32(), //
            new F16(), //
            new BF16(), //
            new Q8_0(), //
            new Q5_1(), //
            new Q5_0(), //
            new Q4_1(), //
            new Q4_0(), //
            new Q2_K(), //
            new Q3_K(), //
            new Q4_K(), //
            new Q5_K(), //
            new Q6_K(), //
            new IQ4_NL(), //
            new IQ4_XS());

    /// Numbers of GGML's types that are, or were, in use and are not in the list, so that an error can say which was
    /// met.
    private static final List<String> GGML_NAMES = List.of(
            "F32",
            "F16",
            "Q4_0",
            "Q4_1",
            "Q4_2",
            "Q4_3",
            "Q5_0",
            "Q5_1",
            "Q8_0",
            "Q8_1",
            "Q2_K",
            "Q3_K",
            "Q4_K",
            "Q5_K",
            "Q6_K",
            "Q8_K",
            "IQ2_XXS",
            "IQ2_XS",
            "IQ3_XXS",
            "IQ1_S",
            "IQ4_NL",
            "IQ3_S",
            "IQ2_S",
            "IQ4_XS",
            "I8",
            "I16",
            "I32",
            "I64",
            "F64",
            "IQ1_M",
            "BF16",
            "Q4_0_4_4",
            "Q4_0_4_8",
            "Q4_0_8_8",
            "TQ1_0",
            "TQ2_0",
            "IQ4_NL_4_4",
            "IQ4_NL_4_8",
            "IQ4_NL_8_8",
            "MXFP4");

    private Formats() {}

    public static List<Format> all() {
        return ALL;
    }

    public static List<String> names() {
        return ALL.stream().map(Format::name).toList();
    }

    public static Optional<Format> find(int ggmlType) {
        return ALL.stream().filter(format -> format.ggmlType() == ggmlType).findFirst();
    }

    /// The name of a GGML type, known here or not: `IQ2_S`, or `type 77`.
    public static String nameOf(int ggmlType) {
        return ggmlType >= 0 && ggmlType < GGML_NAMES.size() ? GGML_NAMES.get(ggmlType) : "type " + ggmlType;
    }

    /// A format by its GGUF name, in any case.
    public static Format of(String name) {
        String wanted = name.toUpperCase(Locale.ROOT);
        return ALL.stream()
                .filter(format -> format.name().equals(wanted))
                .findFirst()
                .orElseThrow(() -> new ExcitorException.Unsupported("the format " + name, names()));
    }
}
