package dev.excitor.runtime.kernel.x86;

import static dev.excitor.runtime.asm.Gpr.RAX;
import static dev.excitor.runtime.asm.Gpr.RCX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RDX;
import static dev.excitor.runtime.asm.Gpr.RSI;
import static dev.excitor.runtime.asm.Gpr.RSP;
import static dev.excitor.runtime.asm.Mem.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.foreign.Arguments;
import dev.excitor.runtime.foreign.MachineCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class CallSequenceTest {

    private static final int LOG = 0;
    private static final int NAME = 8;
    private static final int PLACE = 16;

    @BeforeAll
    static void needsTheMachine() {
        Machine.require(Set.of(), MachineCode.obstacle());
    }

    /// Writes its name, its place and how the stack is aligned behind what others have written, after it has changed
    /// every register that a function may change.
    private static byte[] note() {
        Assembler a = new Assembler();
        a.mov(RSI, at(RDI, LOG)); // holds where the next note goes, first of all
        a.mov(RAX, at(RSI));
        a.mov(RDX, at(RDI, NAME));
        a.mov(at(RAX), RDX);
        a.mov(RDX, at(RDI, PLACE));
        a.mov(at(RAX, 8), RDX);
        a.mov(RDX, RSP);
        a.and(RDX, 15);
        a.mov(at(RAX, 16), RDX);
        a.add(RAX, 24);
        a.mov(at(RSI), RAX);
        for (Gpr r : List.of(RAX, RCX, RDX, RSI, RDI, Gpr.R8, Gpr.R9, Gpr.R10, Gpr.R11)) {
            a.mov(r, -1);
        }
        a.ret();
        return a.bytes();
    }

    @Test
    void functionsAreCalledInTheirOrderRoundAfterRound() {
        int most = 5;
        try (Arena arena = Arena.ofConfined();
                MachineCode note = new MachineCode(note());
                MachineCode other = new MachineCode(note());
                MachineCode sequence = new MachineCode(CallSequence.assemble())) {
            Arguments memory = new Arguments(arena.allocate(CallSequence.bytes(most), 64));
            MemorySegment log = arena.allocate(8 + 24 * 12, 8);
            log.set(ValueLayout.JAVA_LONG, 0, log.address() + 8);
            for (int call = 0; call < 3; call++) {
                int at = CallSequence.arguments(call, most);
                CallSequence.put(memory, call, most, call == 1 ? other : note, PLACE, 10L * (call - 1));
                memory.set(at + LOG, log.address());
                memory.set(at + NAME, call);
                memory.set(at + PLACE, 1000 + call);
            }
            CallSequence.run(sequence, memory, 3, 4);
            List<Long> expected = new ArrayList<>();
            for (long round = 0; round < 4; round++) {
                for (long call = 0; call < 3; call++) {
                    expected.addAll(List.of(call, 1000 + call + round * 10 * (call - 1), 8L));
                }
            }
            assertThat(log.asSlice(8).toArray(ValueLayout.JAVA_LONG))
                    .containsExactly(
                            expected.stream().mapToLong(Long::longValue).toArray());
            assertThat(log.get(ValueLayout.JAVA_LONG, 0)).isEqualTo(log.address() + log.byteSize());
        }
    }

    @Test
    void nothingToCallIsRefused() {
        try (Arena arena = Arena.ofConfined();
                MachineCode sequence = new MachineCode(CallSequence.assemble())) {
            Arguments memory = new Arguments(arena.allocate(CallSequence.bytes(1), 64));
            assertThatThrownBy(() -> CallSequence.run(sequence, memory, 0, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("0 calls in 1 rounds");
            assertThatThrownBy(() -> CallSequence.run(sequence, memory, 1, 0))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void aFunctionThatIsGoneIsRefused() {
        MachineCode gone = new MachineCode(note());
        gone.close();
        try (Arena arena = Arena.ofConfined()) {
            Arguments memory = new Arguments(arena.allocate(CallSequence.bytes(1), 64));
            assertThatThrownBy(() -> CallSequence.put(memory, 0, 1, gone, 0, 0))
                    .isInstanceOf(IllegalStateException.class);
        }
    }
}
