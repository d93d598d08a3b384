package dev.excitor.loaders.safetensors;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.excitor.loaders.BytesChannel;
import dev.excitor.loaders.tensors.StoredTensor;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/// Any bytes at all: a file of tensors all of which can be used, or a typed error. How to search for more is told in
/// [dev.excitor.loaders.gguf.GgufReaderFuzzTest].
class SafetensorsFuzzTest {

    private static final Path NAME = Path.of("fuzzed.safetensors");

    @FuzzTest(maxDuration = "10m")
    void anyBytes(byte[] bytes) throws IOException {
        SafetensorsHeader header;
        try {
            header = SafetensorsHeader.read(NAME, new BytesChannel(bytes));
        } catch (ExcitorException e) {
            return;
        }
        long sum = 0;
        for (SafetensorsHeader.Entry entry : header.tensors()) {
            if (entry.from() < 0 || entry.to() < entry.from() || header.dataAt() + entry.to() > bytes.length) {
                throw new AssertionError("out of place: " + entry);
            }
            sum += entry.to() - entry.from();
        }
        if (sum != header.dataEnd() - header.dataAt() || header.dataEnd() != bytes.length) {
            throw new AssertionError("the tensors do not fill the data: " + header);
        }
        // Few inputs come this far, so the file system is asked only now.
        Path path = Files.createTempFile("fuzzed", ".safetensors");
        try {
            Files.write(path, bytes);
            for (Memory memory : Memory.values()) {
                use(path, memory);
            }
        } finally {
            Files.delete(path);
        }
    }

    private static void use(Path path, Memory memory) {
        try (SafetensorsFile file = SafetensorsFile.open(path, memory)) {
            file.checkUnchanged();
            for (StoredTensor tensor : file.tensors().values()) {
                tensor.data().toArray(ValueLayout.JAVA_BYTE);
            }
        }
    }
}
