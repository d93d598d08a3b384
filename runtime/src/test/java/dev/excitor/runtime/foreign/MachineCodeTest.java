package dev.excitor.runtime.foreign;

import static dev.excitor.runtime.asm.Gpr.RAX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Mem.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.asm.Assembler;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Code runs where it was put, in pages that cannot be written any more, and leaves nothing behind.
class MachineCodeTest {

    @BeforeAll
    static void needsTheMachine() {
        boolean here = System.getProperty("os.name").equals("Linux")
                && System.getProperty("os.arch").equals("amd64");
        Optional<String> obstacle = MachineCode.obstacle();
        Assumptions.assumeTrue(here, () -> "skipped: " + obstacle.orElseThrow());
        assertThat(obstacle).as("what stands in the way on Linux on x86-64").isEmpty();
    }

    /// Writes an address inside itself to where its argument points.
    private static byte[] whereAmI() {
        Assembler a = new Assembler();
        a.lea(RAX, a.constant(new byte[64]));
        a.mov(at(RDI), RAX);
        a.ret();
        return a.bytes();
    }

    private static long call(MachineCode code) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment answer = arena.allocate(ValueLayout.JAVA_LONG);
            code.call(answer);
            return answer.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    @Test
    void pagesAreExecutableAndNotWritableWhileOpenAndGoneAfterwards() {
        long address;
        try (MachineCode code = new MachineCode(whereAmI())) {
            address = call(code);
            assertThat(ProcFiles.mappings())
                    .filteredOn(mapping -> mapping.contains(address))
                    .extracting(ProcFiles.Mapping::access)
                    .containsExactly("r-xp");
        }
        assertThat(ProcFiles.mappings())
                .filteredOn(mapping -> mapping.contains(address))
                .filteredOn(mapping -> mapping.access().contains("x"))
                .isEmpty();
    }

    @Test
    void codeLongerThanAPageIsWholeAndItsPagesAreAllUnmapped() {
        long before = executableBytes();
        Assembler a = new Assembler();
        for (int i = 0; i < 5000; i++) {
            a.add(RDI, 1000); // three pages and a half, so that the last instruction is in the fourth
        }
        a.mov(RAX, at(RDI, -5_000_000));
        a.add(RAX, 1);
        a.mov(at(RDI, -5_000_000), RAX);
        a.ret();
        try (Arena arena = Arena.ofConfined();
                MachineCode code = new MachineCode(a.bytes())) {
            MemorySegment number = arena.allocateFrom(ValueLayout.JAVA_LONG, 41);
            code.call(number);
            assertThat(number.get(ValueLayout.JAVA_LONG, 0)).isEqualTo(42);
        }
        assertThat(executableBytes()).isEqualTo(before);
    }

    @Test
    void closingTwiceIsFineAndCallingAfterwardsIsNot() {
        MachineCode code = new MachineCode(whereAmI());
        code.close();
        code.close();
        assertThatThrownBy(() -> call(code))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("unmapped");
    }

    /// A second close must not unmap what has come to lie at the same address since.
    @Test
    void closingTwiceLeavesOthersAlone() {
        MachineCode code = new MachineCode(whereAmI());
        long address = call(code);
        code.close();
        try (MachineCode other = new MachineCode(whereAmI())) {
            Assumptions.assumeTrue(call(other) == address, "skipped: the address was not given out again");
            code.close();
            assertThat(call(other)).isEqualTo(address);
        }
    }

    @Test
    void nothingIsLeftOfTenThousandInstallations() {
        long before = executableBytes();
        for (int i = 0; i < 10_000; i++) {
            try (MachineCode code = new MachineCode(whereAmI())) {
                assertThat(call(code)).isNotZero();
            }
        }
        assertThat(executableBytes()).isEqualTo(before);
    }

    @Test
    void whatTheSystemRefusesIsAnErrorThatNamesTheFunction() {
        assertThatThrownBy(() -> new MachineCode(new byte[0])) // no page at all
                .isInstanceOf(ExcitorException.NativeCall.class)
                .hasMessageContaining("mmap");
    }

    /// Asks in a process that may not call native code: an answer is expected, the first time and later.
    @Test
    void aProcessWithoutNativeAccessHasAnObstacle() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--illegal-native-access=deny",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        AskForObstacle.class.getName()))
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        assertThat(said.lines().filter(line -> line.startsWith("obstacle: native functions cannot be called: ")))
                .as(said)
                .hasSize(2);
    }

    /// Prints the obstacle twice.
    static final class AskForObstacle {
        private AskForObstacle() {}

        public static void main(String[] arguments) {
            for (int i = 0; i < 2; i++) {
                System.out.println("obstacle: " + MachineCode.obstacle().orElse("none"));
            }
        }
    }

    /// Bytes of anonymous memory that may be executed and not written: installed code. What the virtual machine
    /// compiles lies in memory that is both, libraries in files.
    private static long executableBytes() {
        return ProcFiles.mappings().stream()
                .filter(mapping ->
                        mapping.access().equals("r-xp") && mapping.name().isEmpty())
                .mapToLong(ProcFiles.Mapping::bytes)
                .sum();
    }
}
