package dev.excitor.cli.synth;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// Which format each matrix of a model gets: GGUF's file types, most of which are mixes that spend more bits where they
/// matter.
///
/// The rules are those by which llama.cpp's quantizer, without an importance matrix, makes files of architecture
/// `llama`;
/// files of its making are what the tests compare with.
public enum TypeMix {
    F32(0, "F32"),
    F16(1, "F16"),
    BF16(32, "BF16"),
    Q4_0(2, "Q4_0"),
    Q4_1(3, "Q4_1"),
    Q5_0(8, "Q5_0"),
    Q5_1(9, "Q5_1"),
    Q8_0(7, "Q8_0"),
    Q2_K(10, "Q2_K"),
    Q3_K_S(11, "Q3_K"),
    Q3_K_M(12, "Q3_K"),
    Q3_K_L(13, "Q3_K"),
    Q4_K_S(14, "Q4_K"),
    Q4_K_M(15, "Q4_K"),
    Q5_K_S(16, "Q5_K"),
    Q5_K_M(17, "Q5_K"),
    Q6_K(18, "Q6_K"),
    IQ4_NL(25, "IQ4_NL"),
    IQ4_XS(30, "IQ4_XS");

    private final int fileType;
    private final String base;

    TypeMix(int fileType, String base) {
        this.fileType = fileType;
        this.base = base;
    }

    public static List<String> names() {
        return Arrays.stream(values()).map(TypeMix::name).toList();
    }

    /// A mix by its name, in any case.
    public static TypeMix of(String name) {
        return Arrays.stream(values())
                .filter(mix -> mix.name().equals(name.toUpperCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new ExcitorException.Unsupported("the type " + name, names()));
    }

    /// What `general.file_type` says.
    public int fileType() {
        return fileType;
    }

    /// The format of one matrix.
    ///
    /// @param matrix its name without layer and `.weight`: `attn_v`, `token_embd`
    /// @param layer  its layer, 0 where it belongs to none
    /// @param cols   numbers in a row
    /// @param pure   whether every matrix gets the base format
    public Format formatOf(String matrix, int layer, int cols, ModelShape shape, boolean pure) {
        String wanted = pure || isFloat() ? base : mixed(matrix, layer, shape);
        Format format = Formats.of(wanted);
        if (cols % format.blockSize() == 0) {
            return format;
        }
        return Formats.of(cols % 32 == 0 ? substitute(wanted) : "F16");
    }

    private boolean isFloat() {
        return this == F32 || this == F16 || this == BF16;
    }

    private String mixed(String matrix, int layer, ModelShape shape) {
        return switch (matrix) {
            case "output" -> output();
            case "token_embd" -> shape.tied() ? output() : base;
            case "attn_v" -> value(layer, shape);
            case "attn_output" -> attentionOutput();
            case "ffn_down" -> down(layer, shape.layers());
            default -> base;
        };
    }

    private String output() {
        return this == Q8_0 ? "Q8_0" : "Q6_K";
    }

    private String value(int layer, ModelShape shape) {
        int sharing = shape.heads() / shape.kvHeads();
        return switch (this) {
            case Q2_K -> sharing >= 4 ? "Q4_K" : "Q3_K";
            case Q3_K_M -> layer < 2 ? "Q5_K" : "Q4_K";
            case Q3_K_L -> "Q5_K";
            case Q4_K_S -> layer < 4 ? "Q5_K" : base;
            case Q4_K_M, Q5_K_M -> deservesMore(layer, shape.layers()) ? "Q6_K" : base;
            case IQ4_NL, IQ4_XS -> sharing >= 4 ? "Q5_K" : base;
            default -> base;
        };
    }

    private String attentionOutput() {
        return switch (this) {
            case Q2_K -> "Q3_K";
            case Q3_K_M -> "Q4_K";
            case Q3_K_L -> "Q5_K";
            default -> base;
        };
    }

    private String down(int layer, int layers) {
        return switch (this) {
            case Q2_K -> "Q3_K";
            case Q3_K_M -> layer < layers / 16 ? "Q5_K" : "Q4_K";
            case Q3_K_L -> "Q5_K";
            case Q4_K_S, IQ4_NL, IQ4_XS -> layer < layers / 8 ? "Q5_K" : base;
            case Q4_K_M, Q5_K_M -> deservesMore(layer, layers) ? "Q6_K" : base;
            default -> base;
        };
    }

    /// The first and last eighth of the layers, and every third of the others.
    private static boolean deservesMore(int layer, int layers) {
        return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
    }

    /// What stands in for a format of 256-number blocks where rows are no multiple of that.
    private static String substitute(String format) {
        return switch (format) {
            case "Q2_K", "Q3_K", "IQ4_XS" -> "IQ4_NL";
            case "Q4_K" -> "Q5_0";
            case "Q5_K" -> "Q5_1";
            case "Q6_K" -> "Q8_0";
            default -> format;
        };
    }
}
