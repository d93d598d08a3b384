package dev.excitor.runtime.asm;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.Consumer;

/// An instruction in Intel's syntax, the call that assembles it, and its bytes as the GNU assembler writes them:
///
/// ```
/// printf '.intel_syntax noprefix\nvaddps zmm1, zmm2, [rdi]\n' | as -al -o /dev/null
/// ```
///
/// `constant` in a text is a label at byte 64, where [Encoder#constant] puts the first constant of short code.
record Row(String intel, Consumer<Assembler> call, String hex) {

    static final byte[] CONSTANT = new byte[64];

    static Row row(String intel, Consumer<Assembler> call, String hex) {
        return new Row(intel, call, hex);
    }

    /// What the call writes, without the constants behind it.
    String assembled() {
        Assembler a = new Assembler();
        call.accept(a);
        int length = a.position();
        return HexFormat.ofDelimiter(" ").formatHex(Arrays.copyOf(a.bytes(), length));
    }

    @Override
    public String toString() {
        return intel;
    }
}
