package dev.excitor.loaders.attacks;

import static dev.excitor.loaders.attacks.RawGguf.bytes;
import static dev.excitor.loaders.attacks.RawGguf.cat;
import static dev.excitor.loaders.attacks.RawProtobuf.LENGTH;
import static dev.excitor.loaders.attacks.RawProtobuf.integer;
import static dev.excitor.loaders.attacks.RawProtobuf.message;
import static dev.excitor.loaders.attacks.RawProtobuf.normalizer;
import static dev.excitor.loaders.attacks.RawProtobuf.piece;
import static dev.excitor.loaders.attacks.RawProtobuf.pieces;
import static dev.excitor.loaders.attacks.RawProtobuf.sound;
import static dev.excitor.loaders.attacks.RawProtobuf.string;
import static dev.excitor.loaders.attacks.RawProtobuf.tag;
import static dev.excitor.loaders.attacks.RawProtobuf.trainer;
import static dev.excitor.loaders.attacks.RawProtobuf.varint;
import static dev.excitor.loaders.attacks.RawProtobuf.withPiece;

import dev.excitor.loaders.sentencepiece.SentencePieceModel;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.Unsupported;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Attacks with SentencePiece's `tokenizer.model`.
final class SentencePieceAttacks {

    private SentencePieceAttacks() {}

    static List<Attack> all() {
        return List.of(
                malformed(601, "protobuf-empty", "No byte at all.", new byte[0], "the pieces", "found none"),
                malformed(
                        602,
                        "protobuf-is-json",
                        "A tokenizer.json under another name: its brace is a tag of wire type 3.",
                        "{\"version\": \"1.0\"}".getBytes(StandardCharsets.UTF_8),
                        "byte 0",
                        "found 3",
                        "no SentencePiece model"),
                malformed(
                        603,
                        "varint-cut",
                        "Ends inside a length.",
                        cat(pieces(), tag(2, LENGTH), bytes(0x80)),
                        "trainer_spec, its length",
                        "expected 1 more bytes, found 0"),
                malformed(
                        604,
                        "varint-endless",
                        "A number of 11 bytes, the last shifted out of 64 bits.",
                        cat(tag(1, LENGTH), RawProtobuf.endless(11)),
                        "byte 1",
                        "at most 10 bytes"),
                malformed(
                        605,
                        "length-beyond-file",
                        "A piece of a gigabyte in a file of a few bytes.",
                        cat(tag(1, LENGTH), varint(1 << 30), bytes(10, 1, 'a')),
                        "byte 1",
                        "at most the 3 bytes that follow, found a length of 1073741824"),
                malformed(
                        606,
                        "length-2^64-1",
                        "A length that is -1 when signed.",
                        cat(tag(1, LENGTH), varint(-1)),
                        "found a length of 18446744073709551615"),
                malformed(
                        607,
                        "text-beyond-piece",
                        "A text that reaches out of its piece into the next.",
                        cat(tag(1, LENGTH), varint(3), tag(1, LENGTH), varint(9), bytes('a'), piece("b", 0, 1)),
                        "piece 0",
                        "at most the 1 bytes that follow, found a length of 9"),
                malformed(
                        608, "score-cut", "A score of three bytes.", message(1, bytes(0x15, 0, 0, 0)), "4 more bytes"),
                malformed(
                        609,
                        "field-0",
                        "A field number that nothing may have.",
                        cat(sound(), bytes(0x02, 0)),
                        "a field's tag",
                        "found 2"),
                malformed(
                        610,
                        "field-2^32",
                        "A field number that is a small one in 32 bits.",
                        cat(varint((1L << 35) | 10), sound()),
                        "a field's tag"),
                malformed(
                        611,
                        "group",
                        "Groups begun a million times, for the stack of a recursive reader.",
                        RawProtobuf.groups(1 << 20),
                        "field 6",
                        "found 3"),
                malformed(
                        612,
                        "text-as-number",
                        "A piece's text of another wire type.",
                        withPiece(message(1, integer(1, 7))),
                        "piece 6",
                        "expected a string (wire type 2), found wire type 0"),
                malformed(
                        613,
                        "text-not-utf-8",
                        "An overlong spelling of a slash in a piece.",
                        withPiece(message(1, message(1, RawProtobuf.notUtf8()))),
                        "piece 6",
                        "expected UTF-8"),
                malformed(
                        614, "text-empty", "A piece of nothing.", withPiece(message(1)), "piece 6", "expected a text"),
                malformed(
                        615,
                        "text-twice",
                        "Two tokens of one text.",
                        withPiece(piece("a", 0, 1)),
                        "piece 6",
                        "found 'a', which piece 5 is already"),
                malformed(
                        616,
                        "score-nan",
                        "A score that no order has a place for.",
                        withPiece(piece("b", Float.NaN, 1)),
                        "expected a finite score, found NaN"),
                malformed(
                        617,
                        "piece-type-7",
                        "The first type that does not exist.",
                        withPiece(piece("b", 0, 7)),
                        "piece 6",
                        "found 7"),
                malformed(
                        618,
                        "piece-type-2^32+1",
                        "A type that is a sound one in 32 bits.",
                        withPiece(message(1, string(1, "b"), integer(3, (1L << 32) + 1))),
                        "piece 6",
                        "found 4294967297"),
                malformed(
                        619,
                        "byte-piece-no-byte",
                        "A byte token that names no byte.",
                        withPiece(piece("<0xZZ>", 0, 6)),
                        "<0x00> to <0xFF>"),
                malformed(
                        620,
                        "byte-pieces-missing",
                        "Byte fallback is promised, and there are no bytes to fall back on.",
                        cat(pieces(), trainer(integer(35, 1)), normalizer()),
                        "each of the 256 bytes",
                        "found 0"),
                malformed(
                        621,
                        "unknown-absent",
                        "A vocabulary without an unknown piece.",
                        cat(piece("a", 0, 1), trainer(), normalizer()),
                        "one unknown piece, found none"),
                malformed(
                        622,
                        "unknown-twice",
                        "Two unknown pieces.",
                        withPiece(piece("b", 0, 2)),
                        "found pieces 0 and 6"),
                malformed(
                        623,
                        "bos-outside",
                        "An id outside the vocabulary.",
                        cat(pieces(), trainer(integer(41, 6)), normalizer()),
                        "trainer_spec.bos_id",
                        "from 0 to 5",
                        "found 6"),
                malformed(
                        624,
                        "eos-2^31",
                        "An id that is negative in 32 bits.",
                        cat(pieces(), trainer(integer(42, 1L << 31)), normalizer()),
                        "trainer_spec.eos_id",
                        "found 2147483648"),
                malformed(
                        625,
                        "no-pieces",
                        "Training and normalizer of a vocabulary that is not there.",
                        cat(trainer(), normalizer()),
                        "the pieces"),
                unsupported(
                        631,
                        "unigram",
                        "A vocabulary of the kind that T5 has, whose scores mean something else.",
                        cat(pieces(), message(2, integer(3, 1)), normalizer()),
                        "byte 88",
                        "UNIGRAM",
                        "BPE"),
                unsupported(
                        632,
                        "kind-unsaid",
                        "A vocabulary that says nothing of its kind, and so is a UNIGRAM one.",
                        pieces(),
                        "UNIGRAM"),
                unsupported(
                        633, "kind-9", "A kind from the future.", cat(pieces(), message(2, integer(3, 9))), "type 9"),
                unsupported(
                        634,
                        "characters-replaced",
                        "A normalizer that rewrites texts by a table.",
                        cat(pieces(), trainer(), normalizer(string(1, "nmt_nfkc"), string(2, "table"))),
                        "the normalizer 'nmt_nfkc'",
                        "identity"),
                unsupported(
                        635,
                        "space-as-suffix",
                        "Spaces after words instead of before them.",
                        cat(pieces(), trainer(integer(24, 1)), normalizer()),
                        "treat_whitespace_as_suffix"),
                unsupported(
                        636,
                        "spaces-kept",
                        "Spaces that stay spaces.",
                        cat(pieces(), trainer(), normalizer(integer(5, 0))),
                        "escape_whitespaces off"),
                malformed(
                        641,
                        "model-is-a-folder",
                        "A folder under the vocabulary's name.",
                        folder -> Files.createDirectory(folder.resolve("tokenizer.model")),
                        "found a folder"),
                malformed(
                        642,
                        "model-of-100-megabytes",
                        "More than any vocabulary needs, all of it a hole.",
                        folder -> {
                            Path file = Sparse.write(folder, sound(), 100L << 20);
                            return Files.move(file, folder.resolve("tokenizer.model"));
                        },
                        "at most 67108864 bytes, found 104857600"));
    }

    private static Attack malformed(int number, String name, String story, byte[] file, String... parts) {
        return malformed(number, name, story, folder -> Files.write(folder.resolve("tokenizer.model"), file), parts);
    }

    private static Attack malformed(int number, String name, String story, Attack.Maker maker, String... parts) {
        return attack(number, name, story, maker, MalformedFile.class, parts);
    }

    private static Attack unsupported(int number, String name, String story, byte[] file, String... parts) {
        return attack(
                number,
                name,
                story,
                folder -> Files.write(folder.resolve("tokenizer.model"), file),
                Unsupported.class,
                parts);
    }

    private static Attack attack(
            int number,
            String name,
            String story,
            Attack.Maker maker,
            Class<? extends ExcitorException> expected,
            String... parts) {
        return new Attack(
                number, name, story, maker, (file, memory) -> SentencePieceModel.read(file), expected, List.of(parts));
    }
}
