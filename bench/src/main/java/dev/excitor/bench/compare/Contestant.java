package dev.excitor.bench.compare;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// A program that measures itself and prints rows in the form of llama-bench.
///
/// @param name    for people: `llama-bench`
/// @param command its command line
/// @param folder  where it runs
record Contestant(String name, List<String> command, Path folder) {

    private static final int LAST_LINES = 5;

    /// Measures once.
    ///
    /// @throws IOException where it fails or prints something else, with the end of what it said
    List<TestRow> measure() throws IOException {
        Process process = new ProcessBuilder(command).directory(folder.toFile()).start();
        CompletableFuture<String> said = CompletableFuture.supplyAsync(() -> text(process.getErrorStream()));
        process.getOutputStream().close();
        String printed = text(process.getInputStream());
        int code = exitCode(process);
        if (code != 0) {
            throw new IOException("%s ended with exit code %d: %s".formatted(name, code, end(said.join())));
        }
        try {
            return TestRow.parse(printed);
        } catch (IOException unexpected) {
            throw new IOException("%s: %s".formatted(name, unexpected.getMessage()), unexpected);
        }
    }

    private static String text(InputStream stream) {
        try (stream) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int exitCode(Process process) throws IOException {
        try {
            return process.waitFor();
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static String end(String text) {
        List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    }
}
