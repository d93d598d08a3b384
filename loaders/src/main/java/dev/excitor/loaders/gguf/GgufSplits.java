package dev.excitor.loaders.gguf;

import dev.excitor.loaders.file.FileText;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Finds the files of a split checkpoint, `NAME-00001-of-00003.gguf` and so on, and makes sure they belong together.
///
/// The metadata says whether a file is a part, which one (`split.no`, from 0), of how many (`split.count`) and how many
/// tensors all have together (`split.tensors.count`); the name says only where its siblings are. The first part carries
/// the metadata of the whole. Parts of two models that agree in all this and share no tensor's name cannot be told
/// apart.
final class GgufSplits {

    static final String NUMBER = "split.no";
    static final String COUNT = "split.count";
    static final String TENSORS = "split.tensors.count";

    private static final Pattern NAME = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf", Pattern.DOTALL);

    /// What may differ between parts: their number, and how each lays out its own data.
    private static final Set<String> OWN_KEYS = Set.of(NUMBER, GgufHeader.ALIGNMENT_KEY);

    private GgufSplits() {}

    /// `NAME-00002-of-00003.gguf` for number 1 of 3.
    static String name(String prefix, int number, int count) {
        return "%s-%05d-of-%05d.gguf".formatted(prefix, number + 1, count);
    }

    /// Where a part stands: which siblings its keys and its name promise.
    private record Place(String prefix, int count) {
        Path sibling(Path path, int part) {
            return path.resolveSibling(name(prefix, part, count));
        }
    }

    /// The parts in order, all open: one for a file that stands alone.
    ///
    /// @param path the file, or any one of its parts
    /// @throws MalformedFile when a part is missing, or is not the part it should be
    static List<GgufPart> open(Path path) {
        var parts = new ArrayList<GgufPart>();
        try {
            parts.add(GgufPart.open(path));
            Optional<Place> place = place(parts.getFirst().header());
            if (place.isPresent()) {
                parts.removeFirst().close();
                openAll(parts, path, place.get());
                check(parts);
            }
            return List.copyOf(parts);
        } catch (RuntimeException | Error e) {
            parts.forEach(GgufPart::close);
            throw e;
        }
    }

    /// Empty for a file that stands alone; merging the parts of a split leaves a count of 0.
    private static Optional<Place> place(GgufHeader header) {
        int count = header.metadata().integer(COUNT, 0, 0, 0xffff);
        int number = header.metadata().integer(NUMBER, 0, 0, Math.max(0, count - 1));
        if (count <= 1) {
            return Optional.empty();
        }
        Matcher name = NAME.matcher(String.valueOf(header.path().getFileName()));
        if (!name.matches() || !name.group().equals(name(name.group(1), number, count))) {
            throw new MalformedFile(
                    header.path(),
                    -1,
                    "its keys say that it is part %d of %d, so expected a file named %s; give all parts their names back"
                            .formatted(
                                    number + 1,
                                    count,
                                    FileText.quote(name(name.matches() ? name.group(1) : "NAME", number, count))));
        }
        return Optional.of(new Place(name.group(1), count));
    }

    private static void openAll(List<GgufPart> parts, Path path, Place place) {
        for (int i = 0; i < place.count; i++) {
            Path sibling = place.sibling(path, i);
            if (!Files.exists(sibling)) {
                throw new MalformedFile(
                        sibling,
                        -1,
                        "part %d of %d is missing; expected it beside %s".formatted(i + 1, place.count, path));
            }
            parts.add(GgufPart.open(sibling));
        }
    }

    private static void check(List<GgufPart> parts) {
        GgufMetadata first = parts.getFirst().header().metadata();
        Map<String, Path> tensors = new HashMap<>();
        for (int i = 0; i < parts.size(); i++) {
            GgufHeader part = parts.get(i).header();
            long number = part.metadata().integer(NUMBER);
            if (number != i) {
                throw part.metadata().malformed(NUMBER, Integer.toString(i), Long.toString(number));
            }
            checkSameKeys(part.metadata(), first);
            checkNewTensors(part, tensors);
        }
        long expected = first.integer(TENSORS);
        if (expected != tensors.size()) {
            throw first.malformed(
                    TENSORS,
                    "%d, the number of tensors in all parts".formatted(tensors.size()),
                    Long.toString(expected));
        }
    }

    private static void checkSameKeys(GgufMetadata part, GgufMetadata first) {
        for (String key : part.keys()) {
            if (OWN_KEYS.contains(key)) {
                continue;
            }
            Optional<GgufValue> expected = first.find(key);
            GgufValue found = part.find(key).orElseThrow();
            if (expected.isEmpty()) {
                throw part.malformed(key, "only keys that the first part has too", "one that it has not");
            }
            if (expected.get().type() != found.type() || !Arrays.equals(first.raw(expected.get()), part.raw(found))) {
                throw part.malformed(
                        key,
                        first.describe(key) + " as in the first part",
                        part.describe(key) + "; the parts are of different models");
            }
        }
    }

    private static void checkNewTensors(GgufHeader part, Map<String, Path> tensors) {
        for (GgufTensorInfo tensor : part.tensors()) {
            Path other = tensors.put(tensor.name(), part.path());
            if (other != null) {
                throw new MalformedFile(
                        part.path(),
                        tensor.listed(),
                        "tensor %s: expected in one part, found in %s too"
                                .formatted(FileText.quote(tensor.name()), other.getFileName()));
            }
        }
    }
}
