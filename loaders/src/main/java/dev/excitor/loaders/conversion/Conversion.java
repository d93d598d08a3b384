package dev.excitor.loaders.conversion;

import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.format.Codec;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.team.Team;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Writes a checkpoint as one GGUF file, its matrices in the formats of a [FileType] or in those they have.
///
/// ```java
/// try (Checkpoint model = CheckpointReader.open(path, Memory.MAPPED)) {
///     Conversion.plan(model, Options.to(FileType.Q4_K_M)).write(channel, Listener.NONE);
/// }
/// ```
///
/// Metadata and vocabulary are kept. Tensors are written in llama.cpp's order, one after the other, in pieces of a few
/// megabytes: memory does not depend on the size of the model. Each piece is shared among a team of threads.
public final class Conversion {

    /// What `general.quantization_version` says of the formats as they are today.
    private static final int QUANTIZATION_VERSION = 2;

    private static final String FILE_TYPE_KEY = "general.file_type";
    private static final String VERSION_KEY = "general.quantization_version";

    /// What is decided anew.
    private static final Set<String> OWN_KEYS = Set.of(FILE_TYPE_KEY, VERSION_KEY, RowOrder.LAYOUT_KEY);

    /// Numbers in the longest row that is converted: 64 times the widest matrix in use.
    private static final int MAX_COLS = 1 << 24;

    /// How to convert.
    ///
    /// @param type            what the matrices become; empty to leave them as they are
    /// @param pure            whether every matrix gets the base format of the type, and not the mix
    /// @param allowRequantize whether matrices that are quantized already may be quantized again, at the cost of both
    ///                        errors
    /// @param measured        whether the error of each tensor is measured
    /// @param threads         threads that work
    public record Options(
            Optional<FileType> type, boolean pure, boolean allowRequantize, boolean measured, int threads) {

        /// The mix of a file type, by one thread, unmeasured.
        public static Options to(FileType type) {
            return new Options(Optional.of(type), false, false, false, 1);
        }
    }

    /// Told how far the work is.
    public interface Listener {
        /// Nobody listens.
        Listener NONE = bytes -> {};

        /// Some more bytes of tensors are written.
        void wrote(long bytes);

        /// A tensor is complete.
        default void completed(Outcome tensor) {}
    }

    /// What becomes of a tensor.
    public record Step(Tensor tensor, Format target) {

        /// Bytes of it in the file.
        public long bytes() {
            return target.bytes(tensor.shape());
        }
    }

    /// What became of a tensor.
    ///
    /// @param step     what was to be done
    /// @param error    root of the mean square of what the numbers are off by; 0 when not measured
    /// @param relative the same in units of the numbers' own root mean square
    public record Outcome(Step step, double error, double relative) {}

    private final Checkpoint source;
    private final Options options;
    private final Rules rules;
    private final List<Step> steps;

    private Conversion(Checkpoint source, Options options, Rules rules, List<Step> steps) {
        this.source = source;
        this.options = options;
        this.rules = rules;
        this.steps = steps;
    }

    /// Decides what becomes of every tensor and refuses what cannot be done, before anything is written.
    ///
    /// @param source stays open until the file is written
    /// @throws ExcitorException.Unsupported for an architecture whose mixes are not known, and for matrices that are
    ///                                      quantized already where [Options#allowRequantize] does not say so,
    ///                                      and for tensors of more than two dimensions, such as experts in one
    public static Conversion plan(Checkpoint source, Options options) {
        Rules rules = new Rules(source, options);
        List<Step> steps = source.tensors().stream()
                .sorted((a, b) -> TensorName.ORDER.compare(TensorName.of(a.name()), TensorName.of(b.name())))
                .map(tensor -> new Step(tensor, rules.target(tensor)))
                .toList();
        for (Step step : steps) {
            if (source.stacked().contains(step.tensor.name())) {
                throw new ExcitorException.Unsupported(
                        "%s: tensor %s: converting more than two dimensions"
                                .formatted(source.path(), step.tensor.name()),
                        List.of("vectors and matrices"));
            }
            if (step.tensor.shape().cols() > MAX_COLS) {
                throw new ExcitorException.Unsupported(
                        "%s: tensor %s: its rows of %d numbers"
                                .formatted(
                                        source.path(),
                                        step.tensor.name(),
                                        step.tensor.shape().cols()),
                        List.of("rows of up to " + MAX_COLS));
            }
        }
        return new Conversion(source, options, rules, steps);
    }

    /// What becomes of every tensor, in the order of the file.
    public List<Step> steps() {
        return steps;
    }

    /// Bytes of all tensors in the file.
    public long bytes() {
        return steps.stream().mapToLong(Step::bytes).sum();
    }

    /// Writes the file; the channel stays open.
    ///
    /// @throws ExcitorException.NotFinite   for a number that the format cannot hold
    /// @throws ExcitorException.FileChanged when the source changes meanwhile
    public void write(WritableByteChannel target, Listener listener) throws IOException {
        GgufWriter writer = new GgufWriter(source.path());
        if (options.type().isPresent()) {
            writer.copy(source.metadata(), key -> !OWN_KEYS.contains(key));
            writer.uint32(VERSION_KEY, QUANTIZATION_VERSION)
                    .uint32(FILE_TYPE_KEY, options.type().get().fileType());
        } else {
            writer.copy(source.metadata(), key -> !key.equals(RowOrder.LAYOUT_KEY));
        }
        try (Team team = new Team(options.threads())) {
            Map<Format, List<Codec>> codecs = new HashMap<>();
            for (Step step : steps) {
                Recoder recoder = new Recoder(
                        step,
                        rules.order(step.tensor),
                        team,
                        format -> codecs.computeIfAbsent(format, key -> Codec.ofThreads(key, team.size())),
                        options.measured());
                writer.tensor(step.tensor.name(), step.target, step.tensor.shape(), rows(recoder, step, listener));
            }
            writer.write(target);
        }
    }

    private GgufWriter.Rows rows(Recoder recoder, Step step, Listener listener) {
        return (from, rows, target) -> {
            source.checkUnchanged();
            recoder.write(from, rows, target);
            listener.wrote(target.byteSize());
            if (from + rows == step.tensor.shape().rows()) {
                listener.completed(recoder.outcome());
            }
        };
    }
}
