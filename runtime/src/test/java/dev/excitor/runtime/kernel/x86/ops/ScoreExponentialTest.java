package dev.excitor.runtime.kernel.x86.ops;

import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Mem.at;
import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.foreign.MachineCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/// The exponential of scores, against the one of the JDK.
@ParameterizedClass
@EnumSource(Registers.class)
class ScoreExponentialTest {

    private final int lanes;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment numbers;
    private final MachineCode code;

    ScoreExponentialTest(Registers registers) {
        lanes = registers.lanes();
        numbers = arena.allocate(registers.bytes(), 64);
        code = new MachineCode(assemble(registers));
    }

    @BeforeParameterizedClassInvocation
    static void requireTheProcessor(Registers registers) {
        Cpu.require(registers);
    }

    @AfterEach
    void free() {
        code.close();
        arena.close();
    }

    private static byte[] assemble(Registers registers) {
        Assembler a = registers.assembler();
        ScoreExponential exponential = new ScoreExponential(a, registers);
        exponential.load();
        a.vmovups(registers.get(0), at(RDI));
        exponential.of(registers.get(0));
        a.vmovups(at(RDI), registers.get(0));
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    private float[] exp(float... x) {
        for (int i = 0; i < lanes; i++) {
            numbers.setAtIndex(ValueLayout.JAVA_FLOAT, i, x[i % x.length]);
        }
        code.call(numbers);
        return numbers.toArray(ValueLayout.JAVA_FLOAT);
    }

    @Test
    void isWithinOneUlp() {
        double worst = 0;
        int last = Float.floatToRawIntBits(-86.9f);
        float[] x = new float[lanes];
        for (int bits = Float.floatToRawIntBits(-0f); bits <= last - 67 * lanes; ) {
            for (int i = 0; i < lanes; i++) {
                x[i] = Float.intBitsToFloat(bits);
                bits += 67;
            }
            float[] found = exp(x);
            for (int i = 0; i < lanes; i++) {
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
