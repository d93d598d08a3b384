package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.loaders.gguf.GgufType;
import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.format.Formats;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/// A model and adapters that tests make for themselves: random weights, so what they write is nonsense, but always the
/// same nonsense.
///
/// Tokens of the model: controls 0 to 2 (`<unk>`, `<s>`, `</s>`), bytes from 3, syllables from 259, and words such as
/// "▁ba" from 359.
public final class SmallFiles {

    public static final int CONTEXT = 256;

    private static final int LAYERS = 2;
    private static final int WIDTH = 64;
    private static final int HEADS = 4;
    private static final int KV_HEADS = 2;
    private static final int HEAD_DIM = WIDTH / HEADS;

    private SmallFiles() {}

    /// A model of two layers in F32.
    public static Path model(Path file) {
        return synthesize(file);
    }

    /// The same, with a chat template.
    static Path modelWithTemplate(Path file, String template) throws IOException {
        Path vocabulary = file.resolveSibling(file.getFileName() + ".vocabulary");
        new GgufWriter(vocabulary)
                .copy(model(file), key -> !key.equals("tokenizer.chat_template"))
                .string("tokenizer.chat_template", template)
                .write();
        return synthesize(file, "--force", "--vocab", vocabulary.toString());
    }

    private static Path synthesize(Path file, String... more) {
        String shape =
                "synth --layers " + LAYERS + " --width " + WIDTH + " --heads " + HEADS + " --kv-heads " + KV_HEADS
                        + " --ffn 96 --vocab-size 400 --pure --type F32 --seed 3 --context " + CONTEXT + " -o " + file;
        CommandRun made = CommandRun.of(Stream.concat(Arrays.stream(shape.split(" ", -1)), Stream.of(more))
                .toArray(String[]::new));
        assertThat(made.code()).as(made.err()).isZero();
        return file;
    }

    /// The same with NaN in the matrix that makes the logits, which is the last in the file.
    static Path modelWithNaN(Path file) throws IOException {
        try (RandomAccessFile raw = new RandomAccessFile(model(file).toFile(), "rw")) {
            byte[] nan = new byte[64];
            Arrays.fill(nan, (byte) 0xff);
            raw.seek(raw.length() - 4 * WIDTH);
            raw.write(nan);
        }
        return file;
    }

    /// An adapter for the model, strong enough to change what it writes.
    public static Path adapter(Path file) throws IOException {
        return adapter(file, LAYERS);
    }

    /// An adapter for a model that has as many layers.
    public static Path adapter(Path file, int layers) throws IOException {
        Random random = new Random(5);
        int prompts = 3;
        int rank = 2;
        try (Arena arena = Arena.ofConfined()) {
            GgufWriter writer = new GgufWriter(file)
                    .string("general.type", "adapter")
                    .string("general.architecture", "llama")
                    .string("adapter.type", "excitor")
                    .uint32("adapter.excitor.version", 1)
                    .integers("adapter.excitor.layers", GgufType.INT32, 1)
                    .uint32("adapter.excitor.prompt_length", prompts)
                    .uint32("adapter.excitor.rank", rank)
                    .uint32("adapter.excitor.base.block_count", layers)
                    .uint32("adapter.excitor.base.embedding_length", WIDTH)
                    .uint32("adapter.excitor.base.head_count", HEADS)
                    .uint32("adapter.excitor.base.head_count_kv", KV_HEADS)
                    .uint32("adapter.excitor.base.key_length", HEAD_DIM);
            List<Shape> shapes = List.of(
                    new Shape(prompts, KV_HEADS * HEAD_DIM),
                    new Shape(rank, WIDTH),
                    new Shape(KV_HEADS * HEAD_DIM, rank),
                    new Shape(1, KV_HEADS));
            List<String> names = List.of("prompt", "q_down", "q_up", "gate");
            for (int i = 0; i < shapes.size(); i++) {
                float[] numbers = new float[Math.toIntExact(shapes.get(i).elements())];
                for (int j = 0; j < numbers.length; j++) {
                    numbers[j] = 3 * (float) random.nextGaussian();
                }
                MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_FLOAT, numbers);
                writer.tensor("blk.1.excitor." + names.get(i), Formats.of("F32"), shapes.get(i), data);
            }
            writer.write();
        }
        return file;
    }
}
