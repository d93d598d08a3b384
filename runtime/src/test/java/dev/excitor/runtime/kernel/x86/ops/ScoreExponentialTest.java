package dev.excitor.runtime.kernel.x86.ops;

import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Mem.at;
import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.foreign.MachineCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The exponential of scores, against the one of the JDK.
class ScoreExponentialTest {

    private static final int LANES = 16;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment numbers = arena.allocate(LANES * Float.BYTES, 64);
    private final MachineCode code = new MachineCode(assemble());

    @BeforeAll
    static void requireTheProcessor() {
        Cpu.require(Registers.ZMM);
    }

    @AfterEach
    void free() {
        code.close();
        arena.close();
    }

    private static byte[] assemble() {
        Assembler a = new Assembler();
        ScoreExponential exponential = new ScoreExponential(a);
        exponential.load();
        a.vmovups(Vec.zmm(0), at(RDI));
        exponential.of(Vec.zmm(0));
        a.vmovups(at(RDI), Vec.zmm(0));
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    private float[] exp(float... x) {
        for (int i = 0; i < LANES; i++) {
            numbers.setAtIndex(ValueLayout.JAVA_FLOAT, i, x[i % x.length]);
        }
        code.call(numbers);
        return numbers.toArray(ValueLayout.JAVA_FLOAT);
    }

    @Test
    void isWithinOneUlp() {
        double worst = 0;
        int last = Float.floatToRawIntBits(-86.9f);
        float[] x = new float[LANES];
        for (int bits = Float.floatToRawIntBits(-0f); bits <= last - 67 * LANES; ) {
            for (int i = 0; i < LANES; i++) {
                x[i] = Float.intBitsToFloat(bits);
                bits += 67;
            }
            float[] found = exp(x);
            for (int i = 0; i < LANES; i++) {
                double exact = Math.exp(x[i]);
                worst = Math.max(worst, Math.abs(found[i] - exact) / Math.ulp((float) exact));
            }
        }
        assertThat(worst).isLessThan(1);
    }

    @Test
    void farBelowIsExactlyZeroAndWhatIsNoNumberStaysThat() {
        float[] found = exp(0, -0f, Float.NaN, Float.NEGATIVE_INFINITY, -Float.MAX_VALUE, -87, -1e5f, -Float.MIN_VALUE);
        assertThat(found).startsWith(1, 1, Float.NaN, 0, 0, 0, 0, 1);
    }
}
