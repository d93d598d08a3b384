package dev.excitor.train;

import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.checkpoint.Metadata;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Formats;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/// Where a training stands, as a GGUF file: the adapter, the optimizer's moments, the best adapter so far, and what the
/// training was, so that it can only be gone on with as what it is. What follows is then the same to the last bit as if
/// it had never stopped: the order of examples depends on seed and epoch alone.
public final class TrainingCheckpoint {

    private static final String PREFIX = "training.";
    private static final int VERSION = 1;

    private TrainingCheckpoint() {}

    /// Saves what stands between two updates; the file appears when it is complete and replaces the former one. From
    /// any thread, even while an update is being computed.
    ///
    /// @param data [#fingerprint] of all examples
    public static void save(Path path, ExcitorTrainer trainer, String data) throws IOException {
        trainer.atRest(() -> write(path, trainer, data));
    }

    private static void write(Path path, ExcitorTrainer trainer, String data) throws IOException {
        GgufWriter writer = new GgufWriter(path)
                .string("general.type", "training")
                .string("general.architecture", "llama")
                .uint32(PREFIX + "version", VERSION)
                .string(PREFIX + "what", what(trainer))
                .string(PREFIX + "data", data)
                .uint32(PREFIX + "step", trainer.step())
                .int32(PREFIX + "validated", trainer.validated())
                .uint32(PREFIX + "evaluations_without_best", trainer.evaluationsWithoutBest())
                .float64(PREFIX + "best_loss", trainer.bestLoss());
        numbers(writer, "values", values(trainer));
        numbers(writer, "adamw.means", trainer.optimizer().means());
        numbers(writer, "adamw.mean_squares", trainer.optimizer().meanSquares());
        numbers(writer, "best", trainer.best());
        writer.write();
    }

    private static float[] values(ExcitorTrainer trainer) {
        float[] values = new float[trainer.parameters().size()];
        Blocks.copyF32(trainer.parameters().values(), 0, values, 0, values.length);
        return values;
    }

    private static void numbers(GgufWriter writer, String name, float[] numbers) {
        writer.tensor(
                name,
                Formats.of("F32"),
                Shape.vector(numbers.length),
                (from, rows, target) -> Blocks.copyF32(numbers, 0, target, 0, numbers.length));
    }

    /// Brings a new trainer to where another one was.
    ///
    /// @param data [#fingerprint] of all examples
    /// @throws ExcitorException.Mismatch when the file is of another training: other settings, other data
    public static void resume(Path path, ExcitorTrainer trainer, String data) {
        try (Checkpoint file = CheckpointReader.open(path, CheckpointReader.Memory.COPIED)) {
            Metadata m = file.metadata();
            require(
                    path,
                    "general.type",
                    "training",
                    m.findString("general.type").orElse("no such key"));
            require(path, PREFIX + "version", "" + VERSION, "" + m.integer(PREFIX + "version"));
            require(path, "the settings of the training", what(trainer), m.string(PREFIX + "what"));
            require(path, "the training data's fingerprint", data, m.string(PREFIX + "data"));
            float[] values = read(file, "values", trainer.parameters().size());
            copy(read(file, "adamw.means", values.length), trainer.optimizer().means());
            float[] squares = read(file, "adamw.mean_squares", values.length);
            for (float square : squares) {
                if (square < 0) {
                    throw new ExcitorException.MalformedFile(
                            path, -1, "adamw.mean_squares: expected numbers from 0 on, found " + square);
                }
            }
            copy(squares, trainer.optimizer().meanSquares());
            copy(read(file, "best", values.length), trainer.best());
            Blocks.copyF32(values, 0, trainer.parameters().values(), 0, values.length);
            int step = m.integer(PREFIX + "step", -1, 0, Integer.MAX_VALUE);
            int worse = m.integer(PREFIX + "evaluations_without_best", -1, 0, Integer.MAX_VALUE);
            int validated = m.integer(PREFIX + "validated", -1, -1, step);
            trainer.resume(step, validated, m.number(PREFIX + "best_loss", Double.POSITIVE_INFINITY), worse);
        }
    }

    private static void require(Path path, String what, String expected, String found) {
        if (!found.equals(expected)) {
            throw new ExcitorException.Mismatch(path + ": " + what, expected, found);
        }
    }

    private static float[] read(Checkpoint file, String name, int size) {
        Tensor tensor = file.find(name)
                .orElseThrow(() ->
                        new ExcitorException.MalformedFile(file.path(), -1, "the tensor " + name + " is missing"));
        if (!tensor.shape().equals(Shape.vector(size))
                || !tensor.format().name().equals("F32")) {
            throw new ExcitorException.Mismatch(
                    file.path() + ": tensor " + name,
                    "F32 " + Shape.vector(size),
                    tensor.format().name() + " " + tensor.shape());
        }
        float[] numbers = new float[size];
        Blocks.copyF32(tensor.data(), 0, numbers, 0, size);
        for (float number : numbers) {
            if (!Float.isFinite(number)) {
                throw new ExcitorException.NotFinite(file.path() + ": tensor " + name, String.valueOf(number));
            }
        }
        return numbers;
    }

    private static void copy(float[] from, float[] to) {
        System.arraycopy(from, 0, to, 0, to.length);
    }

    private static String what(ExcitorTrainer trainer) {
        return trainer.parameters().config() + ", " + trainer.options();
    }

    /// Tells examples from others, by a hash of every token.
    public static String fingerprint(List<Example> examples, List<Example> validation) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            add(digest, examples);
            digest.update("validation".getBytes(StandardCharsets.US_ASCII));
            add(digest, validation);
            return HexFormat.of().formatHex(digest.digest(), 0, 16);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static void add(MessageDigest digest, List<Example> examples) {
        for (Example example : examples) {
            ByteBuffer bytes = ByteBuffer.allocate(8 * example.tokens().length + 4);
            bytes.putInt(example.tokens().length);
            bytes.asIntBuffer().put(example.tokens()).put(example.targets());
            digest.update(bytes.array());
        }
    }
}
