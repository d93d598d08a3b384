package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// The packaged program as a process of its own, started as the launcher starts it.
final class ProgramProcess implements AutoCloseable {

    /// Of signal 2, among those that a process ignores.
    private static final long SIGINT_BIT = 2;

    /// What the JVM says at every start, and nothing else may be said without a reason.
    static final String JVM_WARNING = "WARNING: Using incubator modules: jdk.incubator.vector\n";

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Process process;
    private final Stream out;
    private final Stream err;

    private ProgramProcess(List<String> command, Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        process = builder.start();
        out = new Stream(process.getInputStream());
        err = new Stream(process.getErrorStream());
    }

    static List<String> command(String... arguments) {
        Path modules = Path.of("target/modules").toAbsolutePath();
        assertThat(modules).as("the packaged program: run 'mvn verify'").isDirectory();
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-XX:+UseSerialGC",
                "--enable-native-access=dev.excitor.runtime,org.jline",
                "--module-path",
                modules.toString(),
                "--module",
                "dev.excitor.cli/dev.excitor.cli.Main"));
        command.addAll(List.of(arguments));
        return command;
    }

    static ProgramProcess start(String... arguments) throws IOException {
        return start(command(arguments), Map.of());
    }

    /// @param command     a command line, which may start the program by way of another
    /// @param environment variables to set besides those there are
    static ProgramProcess start(List<String> command, Map<String, String> environment) throws IOException {
        return new ProgramProcess(command, environment);
    }

    void type(String text) throws IOException {
        process.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
    }

    void endInput() throws IOException {
        process.getOutputStream().close();
    }

    /// As Ctrl-C does. The test is skipped where the process never learns of it: what a shell runs in the background
    /// ignores that signal, and so does everything it starts.
    void interrupt() throws IOException, InterruptedException {
        assumeTrue(!ignoresInterrupts(), "SKIPPED: this JVM was started with SIGINT ignored, as background jobs are");
        new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
    }

    private boolean ignoresInterrupts() throws IOException {
        Path status = Path.of("/proc/" + process.pid() + "/status");
        if (!Files.isReadable(status)) {
            return false;
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .map(line -> line.substring("SigIgn:".length()).strip())
                .anyMatch(mask -> (Long.parseUnsignedLong(mask, 16) & SIGINT_BIT) != 0);
    }

    /// Goes away, as `head` does when it has seen enough.
    void stopReading() throws IOException {
        process.getInputStream().close();
    }

    Stream out() {
        return out;
    }

    Stream err() {
        return err;
    }

    /// Waits for the end.
    ///
    /// @return the exit code
    int exitCode() throws InterruptedException {
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        out.reader.join();
        err.reader.join();
        return process.exitValue();
    }

    /// Whether it has not ended yet.
    boolean isAlive() {
        return process.isAlive();
    }

    /// As `kill -9` does.
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    /// What the process has written to one of its streams.
    static final class Stream {
        private final InputStream source;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final Thread reader;
        private int seen;

        private Stream(InputStream source) {
            this.source = source;
            reader = Thread.ofVirtual().start(this::read);
        }

        private void read() {
            byte[] some = new byte[4096];
            try {
                for (int count = source.read(some); count >= 0; count = source.read(some)) {
                    synchronized (bytes) {
                        bytes.write(some, 0, count);
                        bytes.notifyAll();
                    }
                }
            } catch (IOException closed) {
                // The test has stopped reading.
            }
        }

        /// All of it so far.
        String text() {
            synchronized (bytes) {
                return bytes.toString(StandardCharsets.UTF_8);
            }
        }

        /// Waits until a text appears behind the one awaited before.
        void await(String text) throws InterruptedException {
            long end = System.nanoTime() + PATIENCE.toNanos();
            synchronized (bytes) {
                while (true) {
                    int at = text().indexOf(text, seen);
                    if (at >= 0) {
                        seen = at + text.length();
                        return;
                    }
                    if (System.nanoTime() > end || !(reader.isAlive() || bytes.size() > seen)) {
                        fail("no '%s' in %s", text, text().substring(seen));
                    }
                    bytes.wait(100);
                }
            }
        }

        /// Waits until there are so many bytes.
        void await(int count) throws InterruptedException {
            long end = System.nanoTime() + PATIENCE.toNanos();
            synchronized (bytes) {
                while (bytes.size() < count) {
                    assertThat(System.nanoTime()).isLessThan(end);
                    bytes.wait(100);
                }
            }
        }
    }
}
