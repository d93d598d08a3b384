package dev.excitor.loaders.pytorch;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.excitor.loaders.BytesChannel;
import dev.excitor.loaders.tensors.StoredTensor;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/// Any bytes at all as a checkpoint: tensors that can be read to their ends, or a typed error.
///
/// In a test run it goes through the committed corpus (the resources beside it). To search for more:
/// ```sh
/// JAZZER_FUZZ=1 mvn -pl loaders -am test -Dtest=TorchFileFuzzTest -Dsurefire.failIfNoSpecifiedTests=false \
/// -Djazzer.hooks=true
/// ```
class TorchFileFuzzTest {

    private static final Path NAME = Path.of("fuzzed.pth");

    @FuzzTest(maxDuration = "10m")
    void anyBytes(byte[] bytes) throws IOException {
        try {
            for (ZipEntry entry : ZipArchive.read(NAME, new BytesChannel(bytes)).values()) {
                if (entry.dataAt() < entry.headerAt() || entry.stored() < 0 || entry.end() > bytes.length) {
                    throw new AssertionError("out of place: " + entry);
                }
            }
        } catch (ExcitorException refused) {
            return;
        }
        // Few inputs come this far, so the file system is asked only now.
        Path file = Files.createTempFile("fuzzed", ".pth");
        try {
            Files.write(file, bytes);
            for (Memory memory : Memory.values()) {
                use(file, memory);
            }
        } finally {
            Files.delete(file);
        }
    }

    private static void use(Path file, Memory memory) {
        try (TorchFile opened = TorchFile.open(file, memory)) {
            opened.checkUnchanged();
            for (StoredTensor tensor : opened.tensors().values()) {
                if (tensor.data().byteSize() > 0) {
                    tensor.data().get(ValueLayout.JAVA_BYTE, 0);
                    tensor.data().get(ValueLayout.JAVA_BYTE, tensor.data().byteSize() - 1);
                }
            }
        } catch (ExcitorException refused) {
            if (!refused.getMessage().contains(file.toString())) {
                throw new AssertionError("an error that does not name the file", refused);
            }
        }
    }
}
