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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The exponential of any float, against the one of the JDK.
class ExponentialTest {

    /// A prime, so that all low bits take part.
    private static final int STEP = 16_381;

    private static byte[] assemble(Registers registers) {
        Listing k = new Listing(registers);
        Assembler a = k.asm();
        Exponential exponential = new Exponential(k);
        Vec x = registers.get(0);
        a.vmovups(x, at(RDI));
        exponential.of(x, registers.get(1), registers.get(2));
        a.vmovups(at(RDI), x);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /// A walk through all bit patterns, NaNs and infinities included.
    @ParameterizedTest
    @EnumSource(Registers.class)
    void isWithinTwoUlpEverywhere(Registers registers) {
        Cpu.require(registers);
        int lanes = registers.lanes();
        try (Arena arena = Arena.ofConfined();
                MachineCode code = new MachineCode(assemble(registers))) {
            MemorySegment numbers = arena.allocate(registers.bytes(), 64);
            for (long pattern = 0; pattern < 1L << 32; pattern += (long) STEP * lanes) {
                for (int lane = 0; lane < lanes; lane++) {
                    numbers.setAtIndex(ValueLayout.JAVA_INT, lane, (int) (pattern + (long) lane * STEP));
                }
                code.call(numbers);
                for (int lane = 0; lane < lanes; lane++) {
                    float x = Float.intBitsToFloat((int) (pattern + (long) lane * STEP));
                    float found = numbers.getAtIndex(ValueLayout.JAVA_FLOAT, lane);
                    if (!isRight(x, found)) {
                        assertThat(found).as("e^%s", x).isEqualTo((float) Math.exp(x));
                    }
                }
            }
        }
    }

    /// Subnormal results and the borders of 0 and infinity included.
    private static boolean isRight(float x, float found) {
        double exact = Math.exp(x);
        float rounded = (float) exact;
        if (Float.isNaN(rounded)) {
            return Float.isNaN(found);
        }
        if (Float.isInfinite(rounded) || Float.isInfinite(found)) {
            return exact > Float.MAX_VALUE * (1 - 0x1p-22) && found >= Float.MAX_VALUE * (1 - 0x1p-22f);
        }
        return Math.abs(found - exact) <= 2 * Math.ulp(rounded);
    }
}
