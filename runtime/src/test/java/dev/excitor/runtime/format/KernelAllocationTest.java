package dev.excitor.runtime.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.excitor.runtime.vector.Lanes;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A kernel that C2 compiles as it should makes no objects: where it has become too large for C2, calls stay calls, all
/// of them allocate their vectors, and the kernel is ten times slower. So bytes are counted, and no time.
///
/// Each width has a process of its own, as it has where models run: C2 judges a helper that two widths share by what
/// both made of it.
class KernelAllocationTest {

    @ParameterizedTest(name = "{0} bits")
    @ValueSource(ints = {128, 256, 512})
    void kernelsAllocateNothingOnceTheyAreCompiled(int bits) throws Exception {
        assumeTrue(bits <= Lanes.preferredBits(), "SKIPPED: this processor has no vectors of " + bits + " bits");
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules=jdk.incubator.vector",
                        "-cp",
                        System.getProperty("java.class.path"),
                        KernelAllocations.class.getName(),
                        Integer.toString(bits)))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        assertThat(said.lines())
                .as("bytes that a product and decoding allocate")
                .containsExactlyElementsOf(Formats.all().stream()
                        .filter(format -> format.vectorKernel().isPresent())
                        .map(format -> format.name() + " 0 0")
                        .toList());
    }
}
