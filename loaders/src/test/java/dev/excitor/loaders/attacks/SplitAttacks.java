package dev.excitor.loaders.attacks;

import static dev.excitor.loaders.attacks.Attack.malformed;
import static dev.excitor.loaders.attacks.RawGguf.F32;
import static dev.excitor.loaders.attacks.RawGguf.INT32;
import static dev.excitor.loaders.attacks.RawGguf.STRING;
import static dev.excitor.loaders.attacks.RawGguf.UINT16;
import static dev.excitor.loaders.attacks.RawGguf.UINT32;
import static dev.excitor.loaders.attacks.RawGguf.string;
import static dev.excitor.loaders.attacks.RawGguf.u16;
import static dev.excitor.loaders.attacks.RawGguf.u32;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Attacks with the parts of a split checkpoint. Each starts from three sound parts, with a tensor each.
final class SplitAttacks {

    private SplitAttacks() {}

    static List<Attack> all() {
        return List.of(
                malformed(
                        401,
                        "part-missing",
                        "The second of three parts was never fetched.",
                        folder -> {
                            Path first = sound(folder);
                            Files.delete(part(folder, 1));
                            return first;
                        },
                        "model-00002-of-00003.gguf",
                        "part 2 of 3 is missing"),
                malformed(
                        402,
                        "first-part-missing",
                        "Only the last part is there, and it is the one that is opened.",
                        folder -> {
                            Files.delete(sound(folder));
                            return part(folder, 2);
                        },
                        "model-00001-of-00003.gguf",
                        "part 1 of 3 is missing"),
                malformed(
                        403,
                        "part-of-another-model",
                        "A part of a model of another name.",
                        folder -> with(
                                folder,
                                1,
                                numbered(1, 3, 3)
                                        .key("general.name", STRING, string("fake"))
                                        .tensor("x", F32, 0, 4)),
                        "model-00002-of-00003.gguf",
                        "key 'general.name'",
                        "'real' as in the first part",
                        "the parts are of different models"),
                malformed(
                        404,
                        "part-with-the-same-tensor",
                        "A part that brings a tensor again.",
                        folder -> with(folder, 2, numbered(2, 3, 3).tensor("t0", F32, 0, 4)),
                        "model-00003-of-00003.gguf",
                        "tensor 't0'",
                        "found in model-00001-of-00003.gguf too"),
                malformed(
                        405,
                        "parts-swapped",
                        "Two parts under each other's names.",
                        folder -> {
                            Path first = with(folder, 1, numbered(2, 3, 3).tensor("t2", F32, 0, 4));
                            with(folder, 2, numbered(1, 3, 3).tensor("t1", F32, 0, 4));
                            return first;
                        },
                        "model-00002-of-00003.gguf",
                        "key 'split.no'",
                        "expected 1, found 2"),
                malformed(
                        406,
                        "name-is-another-part",
                        "The third part under the first one's name.",
                        folder -> with(folder, 0, numbered(2, 3, 3).tensor("t0", F32, 0, 4)),
                        "it is part 3 of 3",
                        "named 'model-00003-of-00003.gguf'"),
                malformed(
                        407,
                        "name-is-no-part",
                        "A part under a name without numbers: its siblings cannot be found.",
                        folder -> Files.move(sound(folder), folder.resolve("model.gguf")),
                        "it is part 1 of 3",
                        "give all parts their names back"),
                malformed(
                        408,
                        "count-lies",
                        "A first part that says two, in the name of three.",
                        folder -> with(folder, 0, numbered(0, 2, 2).tensor("t0", F32, 0, 4)),
                        "it is part 1 of 2",
                        "named 'model-00001-of-00002.gguf'"),
                malformed(
                        409,
                        "count-differs",
                        "Parts that disagree about their number.",
                        folder -> with(folder, 2, numbered(2, 4, 3).tensor("t2", F32, 0, 4)),
                        "model-00003-of-00003.gguf",
                        "key 'split.count'",
                        "expected 3 as in the first part, found 4"),
                malformed(
                        410,
                        "tensors-lie",
                        "All parts agree on more tensors than there are.",
                        folder -> {
                            for (int i = 0; i < 3; i++) {
                                with(folder, i, numbered(i, 3, 300).tensor("t" + i, F32, 0, 4));
                            }
                            return part(folder, 0);
                        },
                        "key 'split.tensors.count'",
                        "expected 3",
                        "found 300"),
                malformed(
                        411,
                        "tensors-uncounted",
                        "Nobody says how many tensors there are: one could be missing.",
                        folder -> {
                            for (int i = 0; i < 3; i++) {
                                Files.write(part(folder, i), countless(i).bytes());
                            }
                            return part(folder, 0);
                        },
                        "key 'split.tensors.count'",
                        "found no such key"),
                malformed(
                        412,
                        "number-beyond-count",
                        "Part 6 of 3.",
                        folder -> with(folder, 0, numbered(5, 3, 3)),
                        "key 'split.no'",
                        "expected an integer from 0 to 2, found 5"),
                malformed(
                        413,
                        "count-65535",
                        "As many parts as the count can say: the first that is missing ends it.",
                        folder -> Files.write(
                                folder.resolve("model-00001-of-65535.gguf"),
                                numbered(0, 65_535, 1).bytes()),
                        "model-00002-of-65535.gguf",
                        "part 2 of 65535 is missing"),
                malformed(
                        414,
                        "count-2^32-1",
                        "A count that is negative when signed.",
                        folder -> Files.write(
                                folder.resolve("model-00001-of-00003.gguf"),
                                new RawGguf()
                                        .key("split.count", UINT32, u32(-1))
                                        .bytes()),
                        "key 'split.count'",
                        "expected an integer from 0 to 65535, found 4294967295"),
                malformed(
                        415,
                        "count-as-text",
                        "The count as a string.",
                        folder -> Files.write(
                                folder.resolve("model-00001-of-00003.gguf"),
                                new RawGguf()
                                        .key("split.count", STRING, string("3"))
                                        .bytes()),
                        "key 'split.count'",
                        "expected an integer, found a string"),
                malformed(
                        416,
                        "part-is-no-gguf",
                        "A part that is a page of text, as a failed download leaves it.",
                        folder -> {
                            Path first = sound(folder);
                            Files.writeString(part(folder, 1), "<html>404</html>");
                            return first;
                        },
                        "model-00002-of-00003.gguf",
                        "expected 'GGUF'"),
                malformed(
                        417,
                        "part-cut",
                        "The last part ends early.",
                        folder -> with(
                                folder,
                                2,
                                numbered(2, 3, 3).tensor("t2", F32, 0, 4).data(0)),
                        "model-00003-of-00003.gguf",
                        "tensor 't2'",
                        "fetch it again"),
                malformed(
                        418,
                        "part-is-a-folder",
                        "A folder under a part's name.",
                        folder -> {
                            Path first = sound(folder);
                            Files.delete(part(folder, 1));
                            Files.createDirectory(part(folder, 1));
                            return first;
                        },
                        "model-00002-of-00003.gguf",
                        "found a folder"),
                malformed(
                        419,
                        "part-with-a-key-of-its-own",
                        "A later part with a setting that nobody would read.",
                        folder -> with(
                                folder,
                                2,
                                numbered(2, 3, 3)
                                        .key("llama.rope.freq_base", UINT32, u32(1))
                                        .tensor("t2", F32, 0, 4)),
                        "model-00003-of-00003.gguf",
                        "key 'llama.rope.freq_base'",
                        "one that it has not"));
    }

    private static Path part(Path folder, int number) {
        return folder.resolve("model-%05d-of-00003.gguf".formatted(number + 1));
    }

    private static Path sound(Path folder) throws IOException {
        Files.write(
                part(folder, 0),
                numbered(0, 3, 3)
                        .key("general.name", STRING, string("real"))
                        .tensor("t0", F32, 0, 4)
                        .bytes());
        for (int i = 1; i < 3; i++) {
            Files.write(
                    part(folder, i),
                    numbered(i, 3, 3).tensor("t" + i, F32, 0, 4).bytes());
        }
        return part(folder, 0);
    }

    /// Three parts, one of which is not the sound one; answers the first.
    private static Path with(Path folder, int number, RawGguf replaced) throws IOException {
        if (!Files.exists(part(folder, 0))) {
            sound(folder);
        }
        Files.write(part(folder, number), replaced.bytes());
        return part(folder, 0);
    }

    private static RawGguf numbered(int number, int count, int tensors) {
        return new RawGguf()
                .key("split.no", UINT16, u16(number))
                .key("split.count", UINT16, u16(count))
                .key("split.tensors.count", INT32, u32(tensors))
                .data(32);
    }

    private static RawGguf countless(int number) {
        return new RawGguf()
                .key("split.no", UINT16, u16(number))
                .key("split.count", UINT16, u16(3))
                .tensor("t" + number, F32, 0, 4)
                .data(32);
    }
}
