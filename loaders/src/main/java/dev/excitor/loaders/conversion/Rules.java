package dev.excitor.loaders.conversion;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.Metadata;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What becomes of each tensor of a checkpoint: its format, and the order of its rows.
final class Rules {

    private static final int MOST = 1 << 16;

    /// What has rows of its own for every head, in rotated order.
    private static final Set<String> ROTATED = Set.of("attn_q", "attn_k", "attn_q.bias", "attn_k.bias");

    private final Checkpoint source;
    private final Conversion.Options options;
    private final FileType.Traits traits;
    private final boolean halves;

    /// @throws ExcitorException.Unsupported for an architecture whose mixes are not known
    Rules(Checkpoint source, Conversion.Options options) {
        this.source = source;
        this.options = options;
        Optional<String> layout = source.metadata().findString(RowOrder.LAYOUT_KEY);
        this.halves = layout.isPresent() && layout.get().equals(RowOrder.HALF);
        this.traits = options.type().isPresent() || halves ? traits(source) : new FileType.Traits(1, 1, 1, false);
    }

    private static FileType.Traits traits(Checkpoint source) {
        Metadata metadata = source.metadata();
        String architecture = metadata.string("general.architecture");
        if (!architecture.equals("llama")) {
            throw new ExcitorException.Unsupported(
                    "%s: quantizing the architecture %s".formatted(source.path(), architecture), List.of("llama"));
        }
        if (metadata.integer("llama.expert_count", 0, 0, Integer.MAX_VALUE) > 0) {
            throw new ExcitorException.Unsupported(
                    "%s: quantizing a mixture of experts".formatted(source.path()),
                    List.of("models without experts (llama.expert_count)"));
        }
        int heads = metadata.integer("llama.attention.head_count", 1, 1, MOST);
        return new FileType.Traits(
                metadata.integer("llama.block_count", 1, 0, MOST),
                heads,
                metadata.integer("llama.attention.head_count_kv", heads, 1, MOST),
                source.find("output.weight").isEmpty());
    }

    /// The format that a tensor gets. A vector in half precision becomes F32, which holds all of it: that is how GGUF
    /// has vectors.
    ///
    /// @throws ExcitorException.Unsupported if it is quantized already and may not be quantized again
    Format target(Tensor tensor) {
        TensorName name = TensorName.of(tensor.name());
        if (tensor.shape().rows() == 1 && tensor.format().blockSize() == 1) {
            return Formats.of("F32");
        }
        if (tensor.shape().rows() == 1 || !name.isWeight() || options.type().isEmpty()) {
            return tensor.format();
        }
        Format target = options.type()
                .get()
                .formatOf(
                        name.matrix(), Math.max(0, name.layer()), tensor.shape().cols(), traits, options.pure());
        boolean quantized = tensor.format().blockSize() > 1;
        if (quantized && !target.equals(tensor.format()) && !options.allowRequantize()) {
            throw new ExcitorException.Unsupported(
                    "%s: quantizing %s again, which is %s already and would suffer both errors (--allow-requantize does it all the same),"
                            .formatted(
                                    source.path(),
                                    tensor.name(),
                                    tensor.format().name()),
                    Formats.all().stream()
                            .filter(format -> format.blockSize() == 1)
                            .map(Format::name)
                            .toList());
        }
        return target;
    }

    /// The order of a tensor's rows; of a vector, of its numbers.
    ///
    /// @throws ExcitorException.Mismatch if the rows are no whole heads
    RowOrder order(Tensor tensor) {
        String part = TensorName.of(tensor.name()).matrix();
        if (!halves || !ROTATED.contains(part)) {
            return RowOrder.KEPT;
        }
        int rows = tensor.shape().rows() == 1
                ? tensor.shape().cols()
                : tensor.shape().rows();
        int heads = part.startsWith("attn_q") ? traits.heads() : traits.kvHeads();
        if (rows % (2 * heads) != 0) {
            throw new ExcitorException.Mismatch(
                    "%s: tensor %s".formatted(source.path(), tensor.name()),
                    "rows for %d heads of an even size".formatted(heads),
                    rows + " rows");
        }
        return new RowOrder(rows / heads);
    }
}
