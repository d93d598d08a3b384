package dev.excitor.loaders.gguf;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.excitor.loaders.BytesChannel;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import dev.excitor.runtime.checkpoint.Metadata;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/// Any bytes at all: a checkpoint in which everything can be used, or a typed error.
///
/// In a test run it goes through the committed corpus (the resources beside it). To search for more:
/// ```sh
/// JAZZER_FUZZ=1 mvn -pl loaders -am test -Dtest=GgufReaderFuzzTest -Dsurefire.failIfNoSpecifiedTests=false \
/// -Djazzer.hooks=true
/// ```
class GgufReaderFuzzTest {

    private static final Path NAME = Path.of("fuzzed.gguf");

    @FuzzTest(maxDuration = "10m")
    void anyBytes(byte[] bytes) throws IOException {
        GgufHeader header;
        try {
            header = GgufHeader.read(NAME, new BytesChannel(bytes));
        } catch (ExcitorException e) {
            return;
        }
        useMetadata(header.metadata());
        checkPlaces(header, bytes.length);
        // Few inputs come this far, so the file system is asked only now.
        Path file = Files.createTempFile("fuzzed", ".gguf");
        try {
            Files.write(file, bytes);
            for (Memory memory : Memory.values()) {
                useFile(file, memory);
            }
        } finally {
            Files.delete(file);
        }
    }

    private static void useFile(Path file, Memory memory) {
        try (Checkpoint opened = new GgufReader().read(file, memory)) {
            opened.checkUnchanged();
            for (Tensor tensor : opened.tensors()) {
                tensor.data().get(ValueLayout.JAVA_BYTE, 0);
                tensor.data().get(ValueLayout.JAVA_BYTE, tensor.data().byteSize() - 1);
            }
        } catch (ExcitorException e) {
            // A sound header may still be a part whose siblings are not there.
            if (!e.getMessage().contains("split.") && !e.getMessage().contains("part ")) {
                throw new AssertionError("the header was sound, yet the file does not open", e);
            }
        }
    }

    /// Every look-up on every key: the right one answers, all others refuse. Arrays of bools are only shown: no model
    /// read here has one.
    private static void useMetadata(Metadata metadata) {
        List<Consumer<String>> lookUps = List.of(
                metadata::findString,
                metadata::findLong,
                metadata::findDouble,
                metadata::findBoolean,
                metadata::findStrings,
                metadata::findBytes,
                metadata::findLongs,
                metadata::findFloats);
        for (String key : metadata.keys()) {
            if (metadata.describe(key).isEmpty()) {
                throw new AssertionError("no description of " + key);
            }
            int answered = 0;
            boolean shownOnly = metadata.describe(key).contains(" bool: [");
            for (Consumer<String> lookUp : lookUps) {
                try {
                    lookUp.accept(key);
                    answered++;
                } catch (ExcitorException e) {
                    shownOnly |= e.getMessage().contains("up to " + Long.MAX_VALUE);
                }
            }
            if (answered == 0 && !shownOnly) {
                throw new AssertionError("nobody can read " + key + ": " + metadata.describe(key));
            }
        }
    }

    private static void checkPlaces(GgufHeader header, int size) {
        for (GgufTensorInfo tensor : header.tensors()) {
            if (tensor.offset() < tensor.listed() || tensor.bytes() <= 0 || tensor.end() > size) {
                throw new AssertionError("out of place: " + tensor);
            }
        }
    }
}
