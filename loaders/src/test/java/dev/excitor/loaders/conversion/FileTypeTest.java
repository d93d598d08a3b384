package dev.excitor.loaders.conversion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.loaders.conversion.FileType.Traits;
import dev.excitor.runtime.ExcitorException;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// The rules of the mixes; [GivenQuantizationsTest] compares them with files of llama.cpp's making.
class FileTypeTest {

    private static final Traits SMALL = new Traits(32, 32, 32, false);
    private static final Traits GROUPED = new Traits(32, 32, 8, true);
    private static final Traits LARGE = new Traits(80, 64, 8, false);

    @ParameterizedTest
    @EnumSource
    void isFoundByItsNameInAnyCase(FileType type) {
        assertThat(FileType.of(type.name())).isEqualTo(type);
        assertThat(FileType.of(type.name().toLowerCase(Locale.ROOT))).isEqualTo(type);
    }

    @Test
    void shortNamesMeanTheMiddleOne() {
        assertThat(FileType.of("q4_k")).isEqualTo(FileType.Q4_K_M);
        assertThat(FileType.of("Q5_K")).isEqualTo(FileType.Q5_K_M);
        assertThat(FileType.of("Q3_K")).isEqualTo(FileType.Q3_K_M);
        assertThatThrownBy(() -> FileType.of("Q7_K"))
                .isInstanceOf(ExcitorException.Unsupported.class)
                .hasMessageContaining("Q7_K")
                .hasMessageContaining("IQ4_XS");
    }

    @ParameterizedTest
    @CsvSource({
        // type, matrix, layer, format where heads share nothing, where four share, in a 70B model
        "Q2_K,   attn_v,      0, Q3_K, Q4_K, Q5_K",
        "Q2_K,   attn_output, 5, Q3_K, Q3_K, Q3_K",
        "Q2_K,   ffn_down,    5, Q3_K, Q3_K, Q3_K",
        "Q2_K,   token_embd,  0, Q2_K, Q6_K, Q2_K",
        "Q2_K,   output,      0, Q6_K, Q6_K, Q6_K",
        "Q3_K_S, attn_v,      0, Q3_K, Q3_K, Q5_K",
        "Q3_K_S, ffn_down,    0, Q3_K, Q3_K, Q3_K",
        "Q3_K_M, attn_v,      1, Q5_K, Q5_K, Q5_K",
        "Q3_K_M, attn_v,      2, Q4_K, Q4_K, Q5_K",
        "Q3_K_M, ffn_down,    1, Q5_K, Q5_K, Q5_K",
        "Q3_K_M, ffn_down,    4, Q4_K, Q4_K, Q5_K",
        "Q3_K_M, ffn_down,    5, Q4_K, Q4_K, Q4_K",
        "Q3_K_L, attn_output, 9, Q5_K, Q5_K, Q5_K",
        "Q4_K_S, attn_v,      3, Q5_K, Q5_K, Q5_K",
        "Q4_K_S, attn_v,      4, Q4_K, Q4_K, Q5_K",
        "Q4_K_S, ffn_down,    4, Q4_K, Q4_K, Q5_K",
        "Q4_K_M, attn_v,      0, Q6_K, Q6_K, Q6_K",
        "Q4_K_M, attn_v,      4, Q4_K, Q4_K, Q6_K",
        "Q4_K_M, attn_v,     10, Q4_K, Q4_K, Q5_K",
        "Q4_K_M, attn_v,     31, Q6_K, Q6_K, Q5_K",
        "Q4_K_M, attn_q,      0, Q4_K, Q4_K, Q4_K",
        "Q5_K_M, ffn_down,    6, Q6_K, Q6_K, Q6_K",
        "Q5_K_S, ffn_down,    0, Q5_K, Q5_K, Q5_K",
        "IQ4_XS, attn_v,      9, IQ4_XS, Q5_K, Q5_K",
        "IQ4_NL, ffn_down,    3, Q5_K, Q5_K, Q5_K",
        "Q8_0,   output,      0, Q8_0, Q8_0, Q8_0",
        "Q4_0,   output,      0, Q6_K, Q6_K, Q6_K",
        "BF16,   output,      0, BF16, BF16, BF16",
    })
    void eachMatrixGetsWhatLlamaCppGivesIt(
            FileType type, String matrix, int layer, String alone, String grouped, String large) {
        assertThat(type.formatOf(matrix, layer, 4096, SMALL, false).name()).isEqualTo(alone);
        assertThat(type.formatOf(matrix, layer, 4096, GROUPED, false).name()).isEqualTo(grouped);
        assertThat(type.formatOf(matrix, layer, 8192, LARGE, false).name()).isEqualTo(large);
    }

    @ParameterizedTest
    @CsvSource({
        "Q4_K_M, attn_q, Q5_0, F16",
        "Q5_K_M, attn_q, Q5_1, F16",
        "Q6_K,   attn_q, Q8_0, F16",
        "Q2_K,   attn_q, IQ4_NL, F16",
        "Q3_K_M, attn_q, IQ4_NL, F16",
        "IQ4_XS, attn_q, IQ4_NL, F16",
        "Q4_0,   attn_q, Q4_0, F16",
        "Q4_0,   output, Q8_0, F16",
        "F32,    attn_q, F32, F32",
    })
    void rowsThatAreNoWholeBlocksGetSmallerBlocks(FileType type, String matrix, String of32, String ofNothing) {
        assertThat(type.formatOf(matrix, 0, 96, SMALL, false).name()).isEqualTo(of32);
        assertThat(type.formatOf(matrix, 0, 172, SMALL, false).name()).isEqualTo(ofNothing);
    }

    @Test
    void pureMeansTheBaseFormatEverywhere() {
        for (String matrix : new String[] {"output", "token_embd", "attn_v", "ffn_down", "attn_output"}) {
            assertThat(FileType.Q4_K_M.formatOf(matrix, 0, 256, GROUPED, true).name())
                    .isEqualTo("Q4_K");
        }
    }
}
