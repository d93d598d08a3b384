package dev.excitor.loaders.attacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.sun.management.ThreadMXBean;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Runs every attack. The files stay in `target/attacks`, to be tried on other programs.
class AttacksTest {

    /// What the largest file that an attack reads whole may cost, and what any may.
    private static final long MAX_ALLOCATED = 64L << 20;

    private static final Duration MAX_TIME = Duration.ofSeconds(10);

    private static final Path FILES = Path.of("target", "attacks").toAbsolutePath();

    static List<Attack> all() {
        return Stream.of(
                        HeaderAttacks.all(),
                        MetadataAttacks.all(),
                        TensorAttacks.all(),
                        SplitAttacks.all(),
                        SafetensorsAttacks.all(),
                        SentencePieceAttacks.all(),
                        ZipAttacks.all(),
                        TorchAttacks.all(),
                        HuggingFaceAttacks.all())
                .flatMap(List::stream)
                .toList();
    }

    @TestFactory
    Stream<DynamicTest> everyAttackFails() {
        return all().stream().map(attack -> dynamicTest(attack.number() + " " + attack.name(), () -> run(attack)));
    }

    private static void run(Attack attack) throws IOException {
        Path folder = emptyFolder("%d-%s".formatted(attack.number(), attack.name()));
        Path file = attack.maker().make(folder);
        if (file.startsWith("/dev")) {
            assumeTrue(Files.exists(file), "skipped: this system has no " + file);
        }
        for (Memory memory : Memory.values()) {
            var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long before = threads.getCurrentThreadAllocatedBytes();
            Throwable thrown = assertTimeout(
                    MAX_TIME, () -> catchThrowable(() -> attack.victim().open(file, memory)));
            assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(MAX_ALLOCATED);
            assertThat(thrown)
                    .isExactlyInstanceOf(attack.expected())
                    .hasMessageContainingAll(file.getParent().toString())
                    .hasMessageContainingAll(attack.parts().toArray(String[]::new));
            assertThat(thrown.getMessage()).as("one line, no escapes").doesNotContainPattern("[\\p{Cntrl}]");
        }
    }

    private static Path emptyFolder(String name) throws IOException {
        Path folder = FILES.resolve(name);
        if (Files.exists(folder)) {
            try (Stream<Path> old = Files.walk(folder)) {
                for (Path path : old.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
        return Files.createDirectories(folder);
    }

    @Test
    void numbersAndNamesAreUnique() {
        assertThat(all().stream().map(Attack::number)).doesNotHaveDuplicates().isSorted();
        assertThat(all().stream().map(Attack::name)).doesNotHaveDuplicates();
    }

    @Test
    void theTableTellsEveryStory() throws IOException {
        List<String> lines = Files.readAllLines(readme());
        List<String> missing = all().stream()
                .map(Attack::row)
                .filter(row -> !lines.contains(row))
                .toList();
        assertThat(missing)
                .as("attacks/README.md must have these rows:%n%s%n", String.join("\n", missing))
                .isEmpty();
    }

    private static Path readme() {
        for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            Path readme = folder.resolve("attacks").resolve("README.md");
            if (Files.exists(readme)) {
                return readme;
            }
        }
        throw new AssertionError(
                "there is no attacks/README.md above " + Path.of("").toAbsolutePath());
    }
}
