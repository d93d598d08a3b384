package dev.excitor.loaders.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.excitor.runtime.ExcitorException.FileChanged;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import dev.excitor.runtime.format.Formats;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What happens to a file while it is mapped: noticed before a forward pass could meet it.
class ChangedFileTest {

    private static final FileTime LONG_AGO = FileTime.from(Instant.parse("2020-01-01T00:00:00Z"));
    private static final int NUMBERS = 100_000;

    @TempDir
    Path folder;

    private Path model(String name) throws IOException {
        Path path = folder.resolve(name);
        new GgufWriter(path)
                .tensor("w", Formats.of("F32"), Shape.vector(NUMBERS), (from, rows, target) -> target.fill((byte) 1))
                .write();
        Files.setLastModifiedTime(path, LONG_AGO);
        return path;
    }

    /// A folder that has not changed for long lets the check skip the full attributes.
    private void settle(Checkpoint checkpoint) throws IOException {
        Files.setLastModifiedTime(folder, LONG_AGO);
        checkpoint.checkUnchanged();
        checkpoint.checkUnchanged();
    }

    @Test
    void anUntouchedFilePasses() throws IOException {
        try (Checkpoint checkpoint = CheckpointReader.open(model("a.gguf"), Memory.MAPPED)) {
            checkpoint.checkUnchanged();
            settle(checkpoint);
            Files.writeString(folder.resolve("another file"), "beside it");
            assertThatCode(checkpoint::checkUnchanged).doesNotThrowAnyException();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void truncationIsNoticed(boolean settled) throws IOException {
        Path path = model("a.gguf");
        try (Checkpoint checkpoint = CheckpointReader.open(path, Memory.MAPPED)) {
            if (settled) {
                settle(checkpoint);
            }
            long size = Files.size(path);
            try (var channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                channel.truncate(4096);
            }
            Files.setLastModifiedTime(path, LONG_AGO);
            assertThatThrownBy(checkpoint::checkUnchanged)
                    .isInstanceOf(FileChanged.class)
                    .hasMessageContainingAll(path.toString(), size + " bytes", "4096 bytes", "--no-mmap");
        }
    }

    /// The nastiest replacement: same size, same time.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anotherFileUnderTheSameNameIsNoticed(boolean settled) throws IOException {
        Path path = model("a.gguf");
        Path other = model("b.gguf");
        try (Checkpoint checkpoint = CheckpointReader.open(path, Memory.MAPPED)) {
            if (settled) {
                settle(checkpoint);
            }
            Files.move(other, path, StandardCopyOption.ATOMIC_MOVE);
            assertThatThrownBy(checkpoint::checkUnchanged)
                    .isInstanceOf(FileChanged.class)
                    .hasMessageContainingAll(path.toString(), "identity");
            // The mapping holds the old file: its numbers stay readable to the end.
            assertThat(checkpoint.find("w").orElseThrow().data().get(ValueLayout.JAVA_BYTE, 4L * NUMBERS - 1))
                    .isEqualTo((byte) 1);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void writingIntoTheFileIsNoticed(boolean settled) throws IOException {
        Path path = model("a.gguf");
        try (Checkpoint checkpoint = CheckpointReader.open(path, Memory.MAPPED)) {
            if (settled) {
                settle(checkpoint);
            }
            try (var channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.wrap(new byte[] {9}), 4096);
            }
            assertThatThrownBy(checkpoint::checkUnchanged)
                    .isInstanceOf(FileChanged.class)
                    .hasMessageContaining("modified 2020-01-01");
        }
    }

    @Test
    void deletionIsNoticed() throws IOException {
        Path path = model("a.gguf");
        try (Checkpoint checkpoint = CheckpointReader.open(path, Memory.MAPPED)) {
            settle(checkpoint);
            Files.delete(path);
            assertThatThrownBy(checkpoint::checkUnchanged)
                    .isInstanceOf(FileChanged.class)
                    .hasMessageContaining("no file under its name");
        }
    }

    @Test
    void aLinkThatLeadsElsewhereIsNoticed() throws IOException {
        Path store = Files.createDirectory(folder.resolve("store"));
        Path target = Files.move(model("a.gguf"), store.resolve("a"));
        Path other = Files.move(model("b.gguf"), store.resolve("b"));
        Path link = Files.createSymbolicLink(folder.resolve("link.gguf"), target);
        try (Checkpoint checkpoint = CheckpointReader.open(link, Memory.MAPPED)) {
            Files.setLastModifiedTime(store, LONG_AGO);
            settle(checkpoint);
            Files.move(other, target, StandardCopyOption.ATOMIC_MOVE);
            assertThatThrownBy(checkpoint::checkUnchanged).isInstanceOf(FileChanged.class);
        }
    }

    @Test
    void anyPartOfASplitIsWatched() throws IOException {
        var writer = new GgufWriter(folder.resolve("s.gguf")).split(1);
        for (String name : new String[] {"a", "b", "c"}) {
            writer.tensor(name, Formats.of("F32"), Shape.vector(64), (from, rows, target) -> target.fill((byte) 1));
        }
        Path last = writer.write().getLast();
        try (Checkpoint checkpoint = CheckpointReader.open(last, Memory.MAPPED)) {
            settle(checkpoint);
            try (var channel = FileChannel.open(last, StandardOpenOption.WRITE)) {
                channel.truncate(100);
            }
            assertThatThrownBy(checkpoint::checkUnchanged)
                    .isInstanceOf(FileChanged.class)
                    .hasMessageContaining(last.toString());
        }
    }

    @Test
    void weightsInMemoryDoNotCare() throws IOException {
        Path path = model("a.gguf");
        try (Checkpoint checkpoint = CheckpointReader.open(path, Memory.COPIED)) {
            Files.write(path, new byte[0]);
            Files.delete(path);
            assertThatCode(checkpoint::checkUnchanged).doesNotThrowAnyException();
            assertThat(checkpoint.find("w").orElseThrow().data().get(ValueLayout.JAVA_BYTE, 4L * NUMBERS - 1))
                    .isEqualTo((byte) 1);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void closingEndsTheTensorsAndMayBeRepeated(boolean copied) throws IOException {
        Checkpoint checkpoint = CheckpointReader.open(model("a.gguf"), copied ? Memory.COPIED : Memory.MAPPED);
        var data = checkpoint.find("w").orElseThrow().data();
        checkpoint.close();
        checkpoint.close();
        assertThatThrownBy(() -> data.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(checkpoint::checkUnchanged)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        assertThat(checkpoint.metadata().keys()).isEmpty();
    }

    /// The check runs before each token: it must neither feed the collector nor be felt.
    @Test
    void theUsualCheckAllocatesNothingAndTakesMicroseconds() throws IOException {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        assumeTrue(threads.isThreadAllocatedMemorySupported(), "skipped: this JVM does not count allocations");
        int checks = 20_000;
        try (Checkpoint checkpoint = CheckpointReader.open(model("a.gguf"), Memory.MAPPED)) {
            settle(checkpoint);
            for (int i = 0; i < checks; i++) {
                checkpoint.checkUnchanged();
            }
            long bytes = threads.getCurrentThreadAllocatedBytes();
            long start = System.nanoTime();
            for (int i = 0; i < checks; i++) {
                checkpoint.checkUnchanged();
            }
            long nanos = System.nanoTime() - start;
            // A few bytes come from the measurement itself, none per check.
            assertThat(threads.getCurrentThreadAllocatedBytes() - bytes).isLessThan(checks);
            assertThat(nanos / checks).as("nanoseconds per check").isLessThan(100_000);
        }
    }
}
