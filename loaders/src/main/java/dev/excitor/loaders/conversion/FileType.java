package dev.excitor.loaders.conversion;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Which format each matrix of a model gets: GGUF's file types, most of which are mixes that spend more bits where they
/// matter.
///
/// The rules are those by which llama.cpp's quantizer, without an importance matrix, makes files of architecture
/// `llama`; files of its making are what the tests compare with.
public enum FileType {
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

    /// Names that stand for another type, as llama.cpp has them.
    private static final Map<String, FileType> ALIASES = Map.of("Q3_K", Q3_K_M, "Q4_K", Q4_K_M, "Q5_K", Q5_K_M);

    /// Layers of the 70B models, where eight query heads share a key/value head and `attn_v` is so small that better
    /// formats cost next to nothing.
    private static final int LAYERS_OF_70B = 80;

    /// What a mix looks at besides the matrix itself.
    ///
    /// @param layers  blocks
    /// @param heads   query heads
    /// @param kvHeads key/value heads
    /// @param tied    whether the token embedding is also the output matrix
    public record Traits(int layers, int heads, int kvHeads, boolean tied) {

        /// How many query heads share a key/value head.
        int sharing() {
            return heads / kvHeads;
        }
    }

    private final int fileType;
    private final String base;

    FileType(int fileType, String base) {
        this.fileType = fileType;
        this.base = base;
    }

    public static List<String> names() {
        return Arrays.stream(values()).map(FileType::name).toList();
    }

    /// A type by its name, in any case; `Q4_K` stands for Q4_K_M, and so do `Q3_K` and `Q5_K`.
    public static FileType of(String name) {
        String wanted = name.toUpperCase(Locale.ROOT);
        return Arrays.stream(values())
                .filter(type -> type.name().equals(wanted))
                .findFirst()
                .or(() -> Optional.ofNullable(ALIASES.get(wanted)))
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
    /// @param model  the model it is part of
    /// @param pure   whether every matrix gets the base format
    public Format formatOf(String matrix, int layer, int cols, Traits model, boolean pure) {
        String wanted = pure || isFloat() ? base : mixed(matrix, layer, model);
        Format format = Formats.of(wanted);
        if (cols % format.blockSize() == 0) {
            return format;
        }
        Format substitute = Formats.of(substitute(wanted));
        return cols % substitute.blockSize() == 0 ? substitute : Formats.of("F16");
    }

    private boolean isFloat() {
        return this == F32 || this == F16 || this == BF16;
    }

    private String mixed(String matrix, int layer, Traits model) {
        return switch (matrix) {
            case "output" -> output();
            case "token_embd" -> model.tied() ? output() : base;
            case "attn_v" -> value(layer, model);
            case "attn_output" -> attentionOutput();
            case "ffn_down" -> down(layer, model.layers());
            default -> base;
        };
    }

    private String output() {
        return this == Q8_0 ? "Q8_0" : "Q6_K";
    }

    private String value(int layer, Traits model) {
        String format = valueFormat(layer, model);
        boolean better = model.layers() == LAYERS_OF_70B && model.sharing() > 1;
        return better && (format.equals("Q3_K") || format.equals("Q4_K")) ? "Q5_K" : format;
    }

    private String valueFormat(int layer, Traits model) {
        return switch (this) {
            case Q2_K -> model.sharing() >= 4 ? "Q4_K" : "Q3_K";
            case Q3_K_M -> layer < 2 ? "Q5_K" : "Q4_K";
            case Q3_K_L -> "Q5_K";
            case Q4_K_S -> layer < 4 ? "Q5_K" : base;
            case Q4_K_M, Q5_K_M -> deservesMore(layer, model.layers()) ? "Q6_K" : base;
            case IQ4_NL, IQ4_XS -> model.sharing() >= 4 ? "Q5_K" : base;
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
