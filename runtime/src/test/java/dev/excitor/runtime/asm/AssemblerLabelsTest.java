package dev.excitor.runtime.asm;

import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.asm.Vec.ymm;
import static dev.excitor.runtime.asm.Vec.zmm;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What refers to places in the code: jumps, and constants behind it.
class AssemblerLabelsTest {

    private static final HexFormat HEX = HexFormat.ofDelimiter(" ");

    /// A jump and its bytes from the GNU assembler.
    ///
    /// @param nearest  128 bytes back, as far as a byte reaches
    /// @param farther  a byte farther back
    /// @param forwards over 300 bytes, `{disp32}` in GNU's syntax
    record Jump(String intel, BiConsumer<Assembler, Label> call, String nearest, String farther, String forwards) {
        @Override
        public String toString() {
            return intel;
        }
    }

    // spotless:off
    static final List<Jump> JUMPS = List.of(
        new Jump("jmp", Assembler::jmp, "eb 80", "e9 7c ff ff ff",    "e9 2c 01 00 00"),
        new Jump("jz",  Assembler::jz,  "74 80", "0f 84 7b ff ff ff", "0f 84 2c 01 00 00"),
        new Jump("jnz", Assembler::jnz, "75 80", "0f 85 7b ff ff ff", "0f 85 2c 01 00 00"),
        new Jump("jb",  Assembler::jb,  "72 80", "0f 82 7b ff ff ff", "0f 82 2c 01 00 00"),
        new Jump("jae", Assembler::jae, "73 80", "0f 83 7b ff ff ff", "0f 83 2c 01 00 00"),
        new Jump("jl",  Assembler::jl,  "7c 80", "0f 8c 7b ff ff ff", "0f 8c 2c 01 00 00"),
        new Jump("jge", Assembler::jge, "7d 80", "0f 8d 7b ff ff ff", "0f 8d 2c 01 00 00"));
    // spotless:on

    static List<Jump> jumps() {
        return JUMPS;
    }

    @ParameterizedTest
    @MethodSource("jumps")
    void jumpsBackwardsInTwoBytesWhereTheyReach(Jump jump) {
        assertThat(backwards(jump, 126)).isEqualTo(jump.nearest());
        assertThat(backwards(jump, 127)).isEqualTo(jump.farther());
    }

    private static String backwards(Jump jump, int bytes) {
        Assembler a = new Assembler();
        Label start = a.here();
        fill(a, bytes);
        jump.call().accept(a, start);
        return HEX.formatHex(a.bytes(), bytes, a.position());
    }

    @ParameterizedTest
    @MethodSource("jumps")
    void jumpsForwardsWithAFullDistance(Jump jump) {
        Assembler a = new Assembler();
        Label end = new Label();
        jump.call().accept(a, end);
        int length = a.position();
        fill(a, 300);
        a.bind(end);
        assertThat(HEX.formatHex(a.bytes(), 0, length)).isEqualTo(jump.forwards());
    }

    @Test
    void aLabelIsBoundOnce() {
        Assembler a = new Assembler();
        Label label = a.here();
        assertThatThrownBy(() -> a.bind(label)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aJumpNeedsABoundLabel() {
        Assembler a = new Assembler();
        a.jmp(new Label());
        assertThatThrownBy(a::bytes).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void thereIsNoEmptyCode() {
        assertThatThrownBy(new Assembler()::bytes).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void codeGrows() {
        Assembler a = new Assembler();
        fill(a, 5000);
        byte[] returns = new byte[5000];
        Arrays.fill(returns, (byte) 0xc3);
        assertThat(a.bytes()).isEqualTo(returns);
    }

    /// The bytes of
    ///
    /// ```
    ///   vmovups  ymm1, [rip+ones]
    ///   vpshufd  ymm2, [rip+twos], 27
    ///   vmovups  zmm3, [rip+ones]
    ///   .balign  64, 0xcc
    ///   ones: .fill 32, 1, 1
    ///   .balign  64, 0xcc
    ///   twos: .fill 64, 1, 2
    /// ```
    @Test
    void constantsStandBehindTheCodeAlignedAndOnce() {
        byte[] ones = filled(32, 1);
        byte[] twos = filled(64, 2);
        Assembler a = new Assembler();
        a.vmovups(ymm(1), a.constant(ones));
        a.vpshufd(ymm(2), a.constant(twos), 27);
        a.vmovups(zmm(3), a.constant(ones.clone()));
        byte[] bytes = a.bytes();
        assertThat(HEX.formatHex(bytes, 0, 27))
                .isEqualTo("c5 fc 10 0d 38 00 00 00 c5 fd 70 15 6f 00 00 00 1b 62 f1 7c 48 10 1d 25 00 00 00");
        assertThat(Arrays.copyOfRange(bytes, 27, 64)).isEqualTo(filled(37, 0xcc));
        assertThat(Arrays.copyOfRange(bytes, 64, 96)).isEqualTo(ones);
        assertThat(Arrays.copyOfRange(bytes, 96, 128)).isEqualTo(filled(32, 0xcc));
        assertThat(Arrays.copyOfRange(bytes, 128, bytes.length)).isEqualTo(twos);
    }

    /// Code that fills its last 64 bytes needs no filling.
    @Test
    void constantsFollowFullLinesAtOnce() {
        Assembler a = new Assembler();
        a.vmovups(ymm(1), a.constant(new byte[4]));
        fill(a, 64 - a.position());
        assertThat(a.bytes()).hasSize(64 + 4);
    }

    @Test
    void aConstantIsACopy() {
        byte[] bytes = filled(4, 1);
        Assembler a = new Assembler();
        a.vmovups(ymm(1), a.constant(bytes));
        bytes[0] = 9;
        assertThat(a.bytes()).endsWith(filled(4, 1));
    }

    @Test
    void placesMoveOn() {
        assertThat(at(RDI, 8).plus(56)).isEqualTo(at(RDI, 64));
    }

    private static void fill(Assembler a, int bytes) {
        for (int i = 0; i < bytes; i++) {
            a.ret();
        }
    }

    private static byte[] filled(int size, int value) {
        byte[] bytes = new byte[size];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }
}
