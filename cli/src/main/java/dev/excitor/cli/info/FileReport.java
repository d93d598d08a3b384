package dev.excitor.cli.info;

import dev.excitor.cli.Sizes;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// What any checkpoint holds, whatever it is for: its tensors by group, and lists of all tensors and keys.
public final class FileReport {

    private static final String LAYER_PREFIX = "^blk\\.\\d+\\.";
    private static final String WEIGHT_SUFFIX = "\\.weight$";

    /// How much some tensors are together.
    private static final class Total {
        private int tensors;
        private long elements;
        private long bytes;

        private void add(Tensor tensor) {
            tensors++;
            elements += tensor.shape().elements();
            bytes += tensor.data().byteSize();
        }
    }

    private FileReport() {}

    /// `path: GGUF v3, mapped, 1.1 MiB`.
    public static String title(Checkpoint file) throws IOException {
        long parts = file.metadata().findLong("split.count").orElse(1);
        String size = Sizes.bytes(Files.size(file.path()));
        return "%s: %s, %s%s".formatted(file.path(), file.description(), size, parts > 1 ? " in the first" : "");
    }

    /// `292,800 in 1.1 MiB, 32.00 bits each`.
    public static String parameters(Checkpoint file) {
        Total total = new Total();
        file.tensors().forEach(total::add);
        return String.format(
                Locale.ROOT,
                "%s in %s, %.2f bits each",
                Sizes.count(total.elements),
                Sizes.bytes(total.bytes),
                bits(total));
    }

    /// Which formats the tensors of each name have, in whatever layer.
    public static void formats(Report report, Checkpoint file) {
        Map<String, Map<String, Total>> groups = new LinkedHashMap<>();
        Set<String> formats = new TreeSet<>();
        Total all = new Total();
        for (Tensor tensor : file.tensors()) {
            String name = tensor.name().replaceFirst(LAYER_PREFIX, "").replaceFirst(WEIGHT_SUFFIX, "");
            String format = tensor.format().name();
            groups.computeIfAbsent(name, group -> new LinkedHashMap<>())
                    .computeIfAbsent(format, group -> new Total())
                    .add(tensor);
            formats.add(format);
            all.add(tensor);
        }
        report.section("Formats");
        groups.forEach((name, totals) -> totals.forEach((format, total) -> row(report, name, format, total)));
        if (all.tensors > 0) {
            row(report, "all", String.join(" ", formats), all);
        }
    }

    private static void row(Report report, String name, String formats, Total total) {
        report.row(
                name,
                formats,
                total.tensors + (total.tensors == 1 ? " tensor " : " tensors"),
                Sizes.bytes(total.bytes),
                String.format(Locale.ROOT, "%5.2f bits", bits(total)));
    }

    private static double bits(Total total) {
        return 8.0 * total.bytes / total.elements;
    }

    /// Every tensor.
    public static void tensors(Report report, Checkpoint file) {
        report.section("Tensors of " + file.path());
        for (Tensor tensor : file.tensors()) {
            report.row(
                    tensor.name(),
                    tensor.shape(),
                    String.format(Locale.ROOT, "%,d bytes", tensor.data().byteSize()),
                    tensor.format().name());
        }
    }

    /// Every key.
    public static void metadata(Report report, Checkpoint file) {
        report.section("Metadata of " + file.path());
        for (String key : file.metadata().keys()) {
            report.row(key, file.metadata().describe(key));
        }
    }
}
