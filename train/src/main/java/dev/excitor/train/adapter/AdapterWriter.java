package dev.excitor.train.adapter;

import dev.excitor.loaders.gguf.GgufType;
import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.model.adapter.ExcitorConfig;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Locale;

/// Writes an adapter as the GGUF file that [dev.excitor.model.adapter.Adapter] reads, tensors in f32.
public final class AdapterWriter {

    private static final String PREFIX = "adapter.excitor.";

    private AdapterWriter() {}

    /// Writes a file; it appears under its name when it is complete and replaces one that is there.
    public static void write(Path path, ExcitorParameters parameters) throws IOException {
        ExcitorConfig c = parameters.config();
        GgufWriter writer = new GgufWriter(path)
                .string("general.type", "adapter")
                .string("general.architecture", "llama")
                .string("adapter.type", "excitor");
        settings(writer, c);
        Format f32 = Formats.of("F32");
        for (ExcitorParameters.Part part : parameters.parts()) {
            writer.tensor(
                    "blk.%d.excitor.%s".formatted(part.layer(), part.kind().tensor()),
                    f32,
                    new Shape(part.rows(), part.cols()),
                    (from, rows, target) -> rows(parameters, part, from, rows, target));
        }
        writer.write();
    }

    /// Writes the settings under their names.
    public static void settings(GgufWriter writer, ExcitorConfig c) {
        writer.uint32(PREFIX + "version", 1)
                .integers(
                        PREFIX + "layers",
                        GgufType.UINT32,
                        c.layers().stream().mapToLong(Integer::longValue).toArray())
                .uint32(PREFIX + "prompt_length", c.promptLength())
                .uint32(PREFIX + "rank", c.rank())
                .string(PREFIX + "query_rope", name(c.queryRope()))
                .string(PREFIX + "extra_key_rope", name(c.extraKeyRope()))
                .string(PREFIX + "inner_heads", name(c.innerHeads()))
                .string(PREFIX + "gate_shape", name(c.gateShape()))
                .string(PREFIX + "gate_activation", name(c.gateActivation()))
                .string(PREFIX + "input", name(c.input()))
                .string(PREFIX + "width", name(c.width()))
                .string(PREFIX + "rope_layout", name(c.ropeLayout()))
                .uint32(PREFIX + "base.block_count", c.base().layers())
                .uint32(PREFIX + "base.embedding_length", c.base().width())
                .uint32(PREFIX + "base.head_count", c.base().heads())
                .uint32(PREFIX + "base.head_count_kv", c.base().kvHeads())
                .uint32(PREFIX + "base.key_length", c.base().keyDim());
        c.innerScale().ifPresent(scale -> writer.float32(PREFIX + "inner_scale", scale));
        c.promptTemplate().ifPresent(template -> writer.string(PREFIX + "prompt_template", template));
        c.base().hash().ifPresent(hash -> writer.string(PREFIX + "base.hash", hash));
    }

    private static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static void rows(
            ExcitorParameters parameters, ExcitorParameters.Part part, int from, int rows, MemorySegment target) {
        ExcitorConfig c = parameters.config();
        for (int row = 0; row < rows; row++) {
            for (int col = 0; col < part.cols(); col++) {
                int sourceRow = from + row;
                int sourceCol = col;
                switch (part.kind()) {
                    case PROMPT -> sourceCol = channel(col, c);
                    case UP -> sourceRow = channel(sourceRow, c);
                    case DOWN, GATE -> {
                        // knows no order of channels
                    }
                }
                float value = parameters.value(part.at() + sourceRow * part.cols() + sourceCol);
                Blocks.putF32(target, 4L * ((long) row * part.cols() + col), value);
            }
        }
    }

    /// The channel of the base's interleaved order that stands at place e of the file: in the half layout the first
    /// half of a head has the first channels of all pairs.
    private static int channel(int e, ExcitorConfig c) {
        if (c.ropeLayout() == ExcitorConfig.RopeLayout.INTERLEAVED) {
            return e;
        }
        int dim = c.base().keyDim();
        int place = e % dim;
        return e - place + (place < dim / 2 ? 2 * place : 2 * (place - dim / 2) + 1);
    }
}
