package dev.excitor.cli;

import dev.excitor.loaders.gguf.GgufType;
import dev.excitor.loaders.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// What the launcher runs once, so that the JVM can record what every later start does: it loads the same classes, and
/// finds out which methods are called often enough to be compiled. `run` with a small model of random weights, whose
/// vocabulary is of the kind that Llama 3 has, and with the shipped one.
public final class Rehearsal {

    private static final String TEXT = "The quick brown fox jumps over the lazy dog, and then it comes back for more.";
    private static final int LETTERS = 'z' - 'a' + 1;
    /// More rounds than it takes until the JVM compiles a loop that runs only once.
    private static final int MERGES = 80_000;

    private static final long NORMAL = 1;
    private static final long CONTROL = 3;

    private Rehearsal() {}

    /// Exits with the code of the first command that fails, or 0.
    public static void main(String[] arguments) throws IOException {
        Path folder = Files.createTempDirectory("excitor");
        int code;
        try {
            code = rehearse(Console.ofProcess(), folder);
        } finally {
            delete(folder);
        }
        System.exit(code);
    }

    static int rehearse(Console console, Path folder) throws IOException {
        Path vocabulary = folder.resolve("vocabulary.gguf");
        writeVocabulary(vocabulary);
        String model = folder.resolve("model.gguf").toString();
        String synth = "synth --layers 2 --width 256 --heads 4 --kv-heads 2 --ffn 512 --vocab " + vocabulary;
        List<String[]> commands = List.of(
                (synth + " -o " + model).split(" ", -1),
                new String[] {"run", "-m", model, "-p", TEXT, "-n", "4"},
                // with a seed, since the model that comes with the program takes some for the end of its text
                new String[] {"run", "-p", TEXT, "-n", "4", "--seed", "1"});
        for (String[] command : commands) {
            int code = Excitor.run(console, command);
            if (code != 0) {
                return code;
            }
        }
        return 0;
    }

    /// Byte-level BPE, whose tokens are those of one, two, three and four letters, in this order.
    private static void writeVocabulary(Path path) throws IOException {
        List<String> tokens = new ArrayList<>();
        int others = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = (b > ' ' && b <= '~') || (b >= 0xA1 && b != 0xAD);
            tokens.add(Character.toString(printable ? b : others++));
        }
        List<String> merges = new ArrayList<>();
        int firstOfLength = tokens.indexOf("a");
        while (merges.size() < MERGES) {
            int made = tokens.size();
            int longest = made == 256 ? LETTERS : made - firstOfLength;
            for (int i = 0; i < longest && merges.size() < MERGES; i++) {
                String left = tokens.get(firstOfLength + i);
                for (char right = 'a'; right <= 'z'; right++) {
                    tokens.add(left + right);
                    merges.add(left + " " + right);
                }
            }
            firstOfLength = made;
        }
        tokens.add("<|end_of_text|>");
        long[] types = new long[tokens.size()];
        Arrays.fill(types, NORMAL);
        types[types.length - 1] = CONTROL;
        new GgufWriter(path)
                .string("general.architecture", "llama")
                .string("tokenizer.ggml.model", "gpt2")
                .string("tokenizer.ggml.pre", "llama-bpe")
                .strings("tokenizer.ggml.tokens", tokens)
                .strings("tokenizer.ggml.merges", merges)
                .integers("tokenizer.ggml.token_type", GgufType.INT32, types)
                .uint32("tokenizer.ggml.bos_token_id", types.length - 1)
                .uint32("tokenizer.ggml.eos_token_id", types.length - 1)
                .write();
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
