package dev.excitor.cli;

import dev.excitor.runtime.ExcitorException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Where a text comes from: `-p`, a word by itself, `-f`, or standard input.
final class PromptOptions {

    /// More is no prompt but a mistake.
    private static final int MAX_BYTES = 1 << 28;

    @ArgGroup
    private Source source = new Source();

    /// One of them, or none.
    private static final class Source {
        @Parameters(index = "0", arity = "0..1", paramLabel = "TEXT", description = "The text, as with -p.")
        private @Nullable String words;

        @Option(
                names = {"-p", "--prompt"},
                paramLabel = "TEXT",
                description = "The text.")
        private @Nullable String text;

        @Option(
                names = {"-f", "--file"},
                paramLabel = "FILE",
                description = "A file with the text, in UTF-8. With neither -p nor -f it is read from standard input.")
        private @Nullable Path file;
    }

    /// Whether one of the options is there; otherwise standard input has the text.
    boolean isGiven() {
        return text().isPresent() || source.file != null;
    }

    private Optional<String> text() {
        return Optional.ofNullable(source.text == null ? source.words : source.text);
    }

    /// The text as it stands, in UTF-8 if all is well: a tokenizer takes any bytes.
    byte[] read(Console console) throws IOException {
        Optional<String> text = text();
        if (text.isPresent()) {
            return text.get().getBytes(StandardCharsets.UTF_8);
        }
        if (source.file != null) {
            return readFile(source.file);
        }
        if (console.isTerminal()) {
            console.note("The text is what you type now; Ctrl-D on an empty line ends it.");
        }
        byte[] bytes = console.in().readNBytes(MAX_BYTES + 1);
        checkSize("standard input", bytes.length);
        return bytes;
    }

    /// The text without the line end that editors and shells put behind it.
    byte[] readWithoutLineEnd(Console console) throws IOException {
        byte[] bytes = read(console);
        if (text().isPresent() || bytes.length == 0 || bytes[bytes.length - 1] != '\n') {
            return bytes;
        }
        boolean windows = bytes.length > 1 && bytes[bytes.length - 2] == '\r';
        return Arrays.copyOf(bytes, bytes.length - (windows ? 2 : 1));
    }

    private static byte[] readFile(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new ExcitorException.InvalidOption("-f", "a file", "the folder " + file);
        }
        checkSize(file.toString(), Files.size(file));
        return Files.readAllBytes(file);
    }

    private static void checkSize(String what, long bytes) {
        if (bytes > MAX_BYTES) {
            throw new ExcitorException.InvalidOption(what, "at most " + Sizes.bytes(MAX_BYTES), "larger");
        }
    }
}
