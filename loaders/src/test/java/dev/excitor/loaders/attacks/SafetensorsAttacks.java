package dev.excitor.loaders.attacks;

import static dev.excitor.loaders.attacks.RawSafetensors.file;
import static dev.excitor.loaders.attacks.RawSafetensors.header;
import static dev.excitor.loaders.attacks.RawSafetensors.tensor;

import dev.excitor.loaders.safetensors.SafetensorsFile;
import dev.excitor.loaders.tensors.ShardedTensorFile;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.Unsupported;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.stream.Stream;

/// Attacks on safetensors files, alone and in shards.
final class SafetensorsAttacks {

    private static final String SOUND = tensor("a", "F32", "[2,2]", "[0,16]");

    private SafetensorsAttacks() {}

    static List<Attack> all() {
        return Stream.of(lengths(), json(), entries(), places(), shards())
                .flatMap(List::stream)
                .toList();
    }

    private static List<Attack> lengths() {
        byte[] sound = header(SOUND).getBytes(StandardCharsets.UTF_8);
        return List.of(
                malformed(501, "safetensors-empty", "No byte at all.", new byte[0], "a file of 0 bytes"),
                malformed(502, "length-cut", "Seven bytes of a length of eight.", new byte[7], "a file of 7 bytes"),
                malformed(
                        503,
                        "header-of-nothing",
                        "A header of length 0.",
                        file(0, new byte[0], 16),
                        "byte 0",
                        "expected 2 to 16 bytes, found 0"),
                malformed(
                        504,
                        "header-beyond-file",
                        "A header one byte longer than the file.",
                        file(sound.length + 17, sound, 16),
                        "byte 0",
                        "found " + (sound.length + 17)),
                malformed(
                        505,
                        "header-2^63",
                        "A length that is negative when signed.",
                        file(Long.MIN_VALUE, sound, 16),
                        "found 9223372036854775808"),
                malformed(
                        506,
                        "header-2^32",
                        "A length that is 0 in 32 bits.",
                        file(1L << 32, sound, 16),
                        "found 4294967296"),
                attack(
                        507,
                        "header-of-100-megabytes-and-one",
                        "A header above the format's limit, in a file large enough for it (and all of it a hole).",
                        folder -> Sparse.write(
                                folder, file(100_000_001, "{}".getBytes(StandardCharsets.UTF_8), 0), 200_000_000),
                        MalformedFile.class,
                        "expected 2 to 100000000 bytes, found 100000001"));
    }

    private static List<Attack> json() {
        return List.of(
                malformed(
                        511,
                        "header-begins-otherwise",
                        "White space before the header, with room for a second meaning of the file.",
                        file(" " + header(SOUND), 16),
                        "byte 8",
                        "begins with '{'"),
                malformed(512, "header-is-an-array", "A header that is no object.", file("[{}]", 0), "begins with '{'"),
                malformed(513, "header-cut", "A header that ends inside an object.", file("{\"a\":{", 0), "byte 14"),
                malformed(514, "header-is-no-json", "A header in single quotes.", file("{'a':{}}", 0), "expected JSON"),
                malformed(
                        515,
                        "header-not-utf-8",
                        "An overlong spelling of a slash in a name.",
                        file("{\"\u00c0\u00af\":{}}".getBytes(StandardCharsets.ISO_8859_1), 0),
                        "byte 10",
                        "expected text in UTF-8"),
                malformed(
                        516,
                        "half-a-surrogate",
                        "A name that no UTF-8 can say, spelled as an escape.",
                        file("{\"\\ud800\":{}}", 0),
                        "half of a surrogate pair"),
                malformed(
                        517,
                        "header-nested-deep",
                        "Objects nested 100,000 deep, for the stack of a recursive reader.",
                        file("{\"a\":".repeat(100_000), 0),
                        "found 'a'"),
                malformed(
                        518,
                        "metadata-nested-deep",
                        "Arrays nested deep where a text belongs.",
                        file("{\"__metadata__\":{\"a\":" + "[".repeat(50_000), 0),
                        "__metadata__",
                        "expected a string, found an array"),
                malformed(
                        519,
                        "tensor-twice",
                        "Two tensors of one name: the shape of one and the data of the other.",
                        file(header(SOUND, tensor("a", "F32", "[2]", "[16,24]")), 24),
                        "Duplicate"),
                malformed(
                        520,
                        "field-twice",
                        "One set of offsets that is checked and another that is used.",
                        file(
                                "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"data_offsets\":[0,9]}}",
                                1),
                        "Duplicate"),
                malformed(
                        521,
                        "metadata-twice",
                        "Metadata given twice.",
                        file("{\"__metadata__\":{},\"__metadata__\":{}}", 0),
                        "Duplicate"),
                malformed(
                        522,
                        "metadata-number",
                        "A number where the format has texts only.",
                        file("{\"__metadata__\":{\"a\":1}}", 0),
                        "expected a string, found an integer"),
                malformed(
                        523,
                        "more-after-the-header",
                        "A second JSON text behind the first.",
                        file("{} {}", 0),
                        "nothing after the JSON text"),
                malformed(
                        524,
                        "number-of-a-million-digits",
                        "An extent whose conversion takes quadratic time.",
                        file(header(tensor("a", "U8", "[" + "9".repeat(1_000_000) + "]", "[0,1]")), 1),
                        "expected JSON within limits"));
    }

    private static List<Attack> entries() {
        return List.of(
                unsupported(
                        531,
                        "unknown-dtype",
                        "A type of element that does not exist.",
                        file(header(tensor("a", "F31", "[4]", "[0,16]")), 16),
                        "the type 'F31'",
                        "BF16"),
                malformed(
                        532,
                        "dtype-number",
                        "A type that is a number.",
                        file("{\"a\":{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,1]}}", 1),
                        "dtype: expected a string, found an integer"),
                malformed(
                        533,
                        "offsets-missing",
                        "A tensor without a place.",
                        file("{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1),
                        "two data_offsets"),
                malformed(
                        534,
                        "offsets-three",
                        "Three offsets.",
                        file(header(tensor("a", "U8", "[1]", "[0,1,2]")), 1),
                        "at most 2 numbers"),
                malformed(
                        535,
                        "unknown-field",
                        "A field that nobody would read: strides, say.",
                        file("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"strides\":[7]}}", 1),
                        "found 'strides'"),
                malformed(
                        536,
                        "extent-negative-in-json",
                        "An extent of -1; two of them make a positive product.",
                        file(header(tensor("a", "U8", "[-1,-1]", "[0,1]")), 1),
                        "shape: expected an integer from 0 to 2^63 - 1, found -1"),
                malformed(
                        537,
                        "extent-fraction",
                        "An extent with a fraction.",
                        file(header(tensor("a", "U8", "[1.0]", "[0,1]")), 1),
                        "expected an integer, found a number with a fraction"),
                malformed(
                        538,
                        "extent-2^64",
                        "An extent beyond 64 bits.",
                        file(header(tensor("a", "U8", "[18446744073709551616]", "[0,1]")), 1),
                        "2^63 - 1"),
                malformed(
                        539,
                        "product-wraps-to-the-size",
                        "A shape whose product wraps to the declared size.",
                        file(header(tensor("a", "F32", "[4294967297,4294967296,4]", "[0,16]")), 16),
                        "expected fewer than 2^63 bytes",
                        "found 16"),
                malformed(
                        540,
                        "product-wraps-to-0",
                        "2^32 by 2^32 numbers in no bytes.",
                        file(header(tensor("a", "F32", "[4294967296,4294967296]", "[0,0]")), 0),
                        "expected fewer than 2^63 bytes"),
                malformed(
                        541,
                        "size-differs",
                        "A shape that is larger than its data.",
                        file(header(tensor("a", "F32", "[2,3]", "[0,16]")), 16),
                        "expected 24 bytes for [2, 3] of F32, found 16"),
                malformed(
                        542,
                        "dimensions-17",
                        "More dimensions than a tensor has.",
                        file(header(tensor("a", "U8", "[" + "1,".repeat(16) + "1]", "[0,1]")), 1),
                        "at most 16 numbers"),
                malformed(
                        543,
                        "tensor-named-nothing",
                        "A tensor without a name.",
                        file(header(tensor("", "U8", "[1]", "[0,1]")), 1),
                        "an empty one"));
    }

    private static List<Attack> places() {
        return List.of(
                malformed(
                        551,
                        "offsets-negative",
                        "Data before its own start: in the header.",
                        file(header(tensor("a", "U8", "[4]", "[-4,0]")), 4),
                        "data_offsets: expected an integer from 0 to 2^63 - 1, found -4"),
                malformed(
                        552,
                        "offsets-reversed",
                        "An end before the begin: a negative size.",
                        file(header(tensor("a", "U8", "[4]", "[4,0]")), 4),
                        "data_offsets in order",
                        "found 4 to 0"),
                malformed(
                        553,
                        "offsets-beyond-end",
                        "Data one byte longer than the file.",
                        file(header(tensor("a", "U8", "[5]", "[0,5]")), 4),
                        "within the 4 bytes of data, found 0 to 5"),
                malformed(
                        554,
                        "offsets-overlap",
                        "Two tensors that share a byte.",
                        file(header(tensor("a", "U8", "[4]", "[0,4]"), tensor("b", "U8", "[4]", "[3,7]")), 7),
                        "tensor 'b'",
                        "from 4 on, where 'a' ends, found 3: they overlap"),
                malformed(
                        555,
                        "offsets-the-same",
                        "Two tensors of the same bytes.",
                        file(header(tensor("a", "U8", "[4]", "[0,4]"), tensor("b", "U8", "[4]", "[0,4]")), 4),
                        "they overlap"),
                malformed(
                        556,
                        "nothing-inside-something",
                        "A tensor of no bytes in the midst of another, which a check of neighbours that begin alike "
                                + "takes for order.",
                        file(header(tensor("b", "U8", "[0]", "[2,2]"), tensor("a", "U8", "[4]", "[0,4]")), 4),
                        "tensor 'b'",
                        "they overlap"),
                malformed(
                        557,
                        "hole-at-the-start",
                        "Bytes before the first tensor, where something can hide.",
                        file(header(tensor("a", "U8", "[4]", "[4,8]")), 8),
                        "there is a hole"),
                malformed(
                        558,
                        "hole-between",
                        "Bytes between two tensors.",
                        file(header(tensor("a", "U8", "[2]", "[0,2]"), tensor("b", "U8", "[2]", "[3,5]")), 5),
                        "tensor 'b'",
                        "there is a hole"),
                malformed(
                        559,
                        "hole-at-the-end",
                        "Bytes behind the last tensor: another file, a zip for example.",
                        file(header(SOUND), 17),
                        "fill the 17 bytes of data, found 16"),
                malformed(
                        560,
                        "safetensors-data-cut",
                        "A download that stopped one byte early.",
                        file(header(SOUND), 15),
                        "within the 15 bytes of data"));
    }

    private static List<Attack> shards() {
        return List.of(
                shards(
                        571,
                        "shard-missing",
                        "The second of two shards was never fetched.",
                        "{\"weight_map\":{\"a\":\"model-1.safetensors\",\"b\":\"model-1.safetensors\","
                                + "\"z\":\"model-2.safetensors\"}}",
                        "model-2.safetensors",
                        "found none"),
                shards(
                        572,
                        "shard-above",
                        "A shard's name that leads out of the folder.",
                        map("../model-1.safetensors"),
                        "beside the index",
                        "'../model-1.safetensors'"),
                shards(
                        573,
                        "shard-absolute",
                        "A shard's name that is a path of its own.",
                        map("/etc/passwd"),
                        "beside the index",
                        "'/etc/passwd'"),
                shards(
                        574,
                        "shard-by-drive",
                        "A path of another system.",
                        map("C:\\\\model-1.safetensors"),
                        "beside the index"),
                shards(
                        575,
                        "shard-of-another-kind",
                        "A shard that another reader would take for a program.",
                        map("model-1.bin"),
                        "that ends in .safetensors",
                        "'model-1.bin'"),
                shards(
                        576,
                        "shard-is-a-number",
                        "A shard's name that is a number.",
                        "{\"weight_map\":{\"a\":1}}",
                        "expected a string, found 1"),
                shards(
                        577,
                        "tensor-in-no-shard",
                        "An index that promises a tensor which its shard has not.",
                        "{\"weight_map\":{\"a\":\"model-1.safetensors\",\"b\":\"model-1.safetensors\",\"c\":\"model-1.safetensors\"}}",
                        "tensor 'c': expected in model-1.safetensors"),
                shards(
                        578,
                        "tensor-not-in-the-index",
                        "A shard that brings a tensor of its own.",
                        "{\"weight_map\":{\"a\":\"model-1.safetensors\"}}",
                        "tensor 'b': expected nowhere"),
                shards(
                        579,
                        "index-without-a-map",
                        "An index that lists nothing.",
                        "{\"metadata\":{}}",
                        "field weight_map: expected an object, found no such field"),
                shards(
                        580,
                        "index-twice",
                        "A tensor with two places.",
                        "{\"weight_map\":{\"a\":\"model-1.safetensors\",\"a\":\"model-2.safetensors\"}}",
                        "Duplicate"),
                shards(
                        581,
                        "index-nested-deep",
                        "Arrays nested 100,000 deep where nobody looks.",
                        "{\"metadata\":" + "[".repeat(100_000),
                        "expected JSON within limits",
                        "nesting depth"));
    }

    private static String map(String file) {
        return "{\"weight_map\":{\"a\":\"%s\",\"b\":\"%s\"}}".formatted(file, file);
    }

    private static Attack shards(int number, String name, String story, String index, String... parts) {
        return new Attack(
                number,
                name,
                story,
                folder -> {
                    Files.write(folder.resolve("model-1.safetensors"), RawSafetensors.sound());
                    return Files.writeString(folder.resolve("model.safetensors.index.json"), index);
                },
                (file, memory) -> ShardedTensorFile.open(
                                file, ".safetensors", shard -> SafetensorsFile.open(shard, memory))
                        .close(),
                MalformedFile.class,
                List.of(parts));
    }

    private static Attack malformed(int number, String name, String story, byte[] file, String... parts) {
        return attack(number, name, story, single(file), MalformedFile.class, parts);
    }

    private static Attack unsupported(int number, String name, String story, byte[] file, String... parts) {
        return attack(number, name, story, single(file), Unsupported.class, parts);
    }

    private static Attack attack(
            int number,
            String name,
            String story,
            Attack.Maker maker,
            Class<? extends ExcitorException> expected,
            String... parts) {
        return new Attack(
                number,
                name,
                story,
                maker,
                (file, memory) -> SafetensorsFile.open(file, memory).close(),
                expected,
                List.of(parts));
    }

    private static Attack.Maker single(byte[] file) {
        return folder -> Files.write(folder.resolve("attack.safetensors"), file);
    }
}
