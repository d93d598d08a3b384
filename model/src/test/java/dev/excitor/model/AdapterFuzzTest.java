package dev.excitor.model;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.runtime.ExcitorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Any bytes at all as an adapter in GGUF: one whose settings agree, or a typed error.
///
/// In a test run it goes through the committed corpus (the resources beside it). To search for more:
/// ```sh
/// JAZZER_FUZZ=1 mvn -pl model -am test -Dtest=AdapterFuzzTest -Dsurefire.failIfNoSpecifiedTests=false \
/// -Djazzer.hooks=true
/// ```
class AdapterFuzzTest {

    @FuzzTest(maxDuration = "10m")
    void anyBytes(byte[] bytes) throws IOException {
        Path file = Files.createTempFile("fuzzed", ".gguf");
        try {
            Files.write(file, bytes);
            Adapter adapter = Adapter.open(file);
            if (adapter.config().layers().isEmpty() || adapter.config().rank() < 1) {
                throw new AssertionError("an adapter of nothing: " + adapter.config());
            }
        } catch (ExcitorException refused) {
            if (String.valueOf(refused.getMessage()).isBlank()) {
                throw new AssertionError("an error that says nothing", refused);
            }
        } finally {
            Files.delete(file);
        }
    }
}
