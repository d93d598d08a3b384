package dev.excitor.loaders.attacks;

import dev.excitor.loaders.gguf.GgufReader;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.Unsupported;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/// A hostile file, what it tries, and what must come of it.
///
/// @param number   counted from 101 for a GGUF file's header, 201 metadata, 301 tensors, 401 splits, 501 safetensors,
///                 601 tokenizer.model, 701 the archive and 801 the pickle of a PyTorch checkpoint, 901 a
///                 directory of Hugging Face
/// @param name     the file's name in `target/attacks`, after the number
/// @param story    what the file does and what it hopes for, for the table of `attacks/README.md`
/// @param maker    makes the file, or files, and answers the one to open
/// @param victim   what a user does with the file
/// @param expected the type of the error
/// @param parts    what its message contains, beside the file's name
record Attack(
        int number,
        String name,
        String story,
        Maker maker,
        Victim victim,
        Class<? extends ExcitorException> expected,
        List<String> parts) {

    /// Makes the files of an attack in a folder of its own.
    @FunctionalInterface
    interface Maker {
        Path make(Path folder) throws IOException;
    }

    /// Opens a file, and uses it where opening succeeds, as it may.
    @FunctionalInterface
    interface Victim {
        void open(Path file, Memory memory);
    }

    /// A file that is malformed.
    static Attack malformed(int number, String name, String story, RawGguf file, String... parts) {
        return malformed(number, name, story, file.bytes(), parts);
    }

    static Attack malformed(int number, String name, String story, byte[] file, String... parts) {
        return new Attack(number, name, story, single(file), gguf(opened -> {}), MalformedFile.class, List.of(parts));
    }

    /// A file that is malformed, or several of which one is.
    static Attack malformed(int number, String name, String story, Maker maker, String... parts) {
        return new Attack(number, name, story, maker, gguf(opened -> {}), MalformedFile.class, List.of(parts));
    }

    /// A sound file of something that is not known here.
    static Attack unsupported(int number, String name, String story, RawGguf file, String... parts) {
        return new Attack(
                number, name, story, single(file.bytes()), gguf(opened -> {}), Unsupported.class, List.of(parts));
    }

    /// A file that is sound until somebody asks for a value.
    static Attack whenUsed(
            int number, String name, String story, RawGguf file, Consumer<Checkpoint> victim, String... parts) {
        return new Attack(number, name, story, single(file.bytes()), gguf(victim), MalformedFile.class, List.of(parts));
    }

    private static Victim gguf(Consumer<Checkpoint> use) {
        return (file, memory) -> {
            try (Checkpoint opened = new GgufReader().read(file, memory)) {
                use.accept(opened);
            }
        };
    }

    private static Maker single(byte[] file) {
        return folder -> Files.write(folder.resolve("attack.gguf"), file);
    }

    /// The row of the table in `attacks/README.md`.
    String row() {
        return "| %d | %s | %s |".formatted(number, name, story);
    }
}
