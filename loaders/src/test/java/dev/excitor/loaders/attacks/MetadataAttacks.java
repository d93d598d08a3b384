package dev.excitor.loaders.attacks;

import static dev.excitor.loaders.attacks.Attack.malformed;
import static dev.excitor.loaders.attacks.Attack.whenUsed;
import static dev.excitor.loaders.attacks.RawGguf.ARRAY;
import static dev.excitor.loaders.attacks.RawGguf.BOOL;
import static dev.excitor.loaders.attacks.RawGguf.FLOAT32;
import static dev.excitor.loaders.attacks.RawGguf.INT32;
import static dev.excitor.loaders.attacks.RawGguf.STRING;
import static dev.excitor.loaders.attacks.RawGguf.UINT32;
import static dev.excitor.loaders.attacks.RawGguf.UINT64;
import static dev.excitor.loaders.attacks.RawGguf.UINT8;
import static dev.excitor.loaders.attacks.RawGguf.array;
import static dev.excitor.loaders.attacks.RawGguf.bytes;
import static dev.excitor.loaders.attacks.RawGguf.cat;
import static dev.excitor.loaders.attacks.RawGguf.sound;
import static dev.excitor.loaders.attacks.RawGguf.string;
import static dev.excitor.loaders.attacks.RawGguf.u32;
import static dev.excitor.loaders.attacks.RawGguf.u64;
import static dev.excitor.loaders.attacks.RawGguf.withKey;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/// Attacks on keys and values.
final class MetadataAttacks {

    private static final int FLOAT64 = 12;
    private static final String ALIGNMENT = "general.alignment";

    private MetadataAttacks() {}

    static List<Attack> all() {
        var all = new ArrayList<Attack>();
        all.addAll(names());
        all.addAll(strings());
        all.addAll(arrays());
        all.addAll(types());
        all.addAll(alignments());
        all.addAll(valuesOfAnotherKind());
        return all;
    }

    private static List<Attack> names() {
        return List.of(
                malformed(
                        201,
                        "key-beyond-file",
                        "A key longer than the file.",
                        sound().rawKey(cat(u64(1_000_000), u32(0))),
                        "the name of key 4",
                        "found a length of 1000000"),
                malformed(
                        202,
                        "key-length-2^63",
                        "A key whose length is negative when signed.",
                        sound().rawKey(cat(u64(Long.MIN_VALUE), u64(0))),
                        "the name of key 4",
                        "found a length of 9223372036854775808"),
                malformed(
                        203,
                        "key-empty",
                        "A key without a name.",
                        withKey("", UINT8, bytes(1)),
                        "the name of key 4",
                        "expected 1 to 65535 bytes, found 0"),
                malformed(
                        204,
                        "key-65536",
                        "A key one byte longer than any may be.",
                        withKey("k".repeat(65_536), UINT8, bytes(1)),
                        "expected 1 to 65535 bytes, found 65536"),
                malformed(
                        205,
                        "key-not-utf-8",
                        "An overlong spelling of a slash in a key, which a lax decoder would let through.",
                        sound().rawKey(cat(string(bytes('a', 0xc0, 0xaf)), u32(UINT8), bytes(1))),
                        "the name of key 4",
                        "expected UTF-8"),
                malformed(
                        206,
                        "key-twice",
                        "A key given twice: two readers could believe two different values.",
                        withKey("llama.block_count", UINT32, u32(99)),
                        "key 'llama.block_count'",
                        "found again"),
                malformed(
                        207,
                        "alignment-twice",
                        "An alignment that is checked and another that is used.",
                        withKey(ALIGNMENT, UINT32, u32(32)).key(ALIGNMENT, UINT32, u32(1)),
                        "key 'general.alignment'",
                        "found again"),
                malformed(
                        208,
                        "key-escapes",
                        "A key that moves the cursor of the terminal that shows the error.",
                        withKey("\u001b[2J\u202e", 99, bytes(1)),
                        "key '\\u001b[2J\\u202e'",
                        "found 99"));
    }

    private static List<Attack> strings() {
        return List.of(
                malformed(
                        211,
                        "string-beyond-file",
                        "A string longer than the file.",
                        withKey("s", STRING, u64(1L << 40)),
                        "key 's'",
                        "found a length of 1099511627776"),
                malformed(
                        212,
                        "string-length-2^64-1",
                        "A string of length -1, which one more byte for its end would make 0.",
                        withKey("s", STRING, u64(-1)),
                        "key 's'",
                        "found a length of 18446744073709551615"),
                malformed(
                        213,
                        "string-of-200-megabytes",
                        "A string as long as the file, most of it a hole: what costs the sender nothing costs the reader memory.",
                        folder -> Sparse.write(
                                folder,
                                new RawGguf().key("s", STRING, u64(1L << 32)).bytes(),
                                (1L << 32) + 4096),
                        "key 's'",
                        "expected a header of at most 134217728 bytes"),
                malformed(
                        214,
                        "last-string-of-array-reaches-out",
                        "An array of strings of which only the last reaches beyond the file.",
                        new RawGguf().key("t", ARRAY, array(STRING, 2, string("a"), u64(5), bytes('a', 'b', 'c', 'd'))),
                        "key 't'",
                        "found a length of 5"));
    }

    private static List<Attack> arrays() {
        return List.of(
                malformed(
                        221,
                        "array-2^63",
                        "An array whose length is negative when signed.",
                        withKey("x", ARRAY, array(UINT8, Long.MIN_VALUE)),
                        "key 'x', its array length",
                        "found 9223372036854775808"),
                malformed(
                        222,
                        "array-beyond-file",
                        "An array longer than the file.",
                        withKey("x", ARRAY, array(FLOAT32, 1_000_000, u32(0))),
                        "key 'x', its array length",
                        "found 1000000"),
                malformed(
                        223,
                        "array-bytes-wrap-to-0",
                        "2^61 numbers of 8 bytes: the size in bytes wraps to 0.",
                        withKey("x", ARRAY, array(FLOAT64, 1L << 61)),
                        "key 'x', its array length",
                        "found 2305843009213693952"),
                malformed(
                        224,
                        "array-of-strings-2^60",
                        "Room for 2^60 strings, please.",
                        withKey("x", ARRAY, array(STRING, 1L << 60)),
                        "key 'x', its array length",
                        "found 1152921504606846976"),
                malformed(
                        225,
                        "array-too-long",
                        "More elements than any vocabulary has, all there: each would become an object.",
                        withKey("x", ARRAY, array(UINT8, (1 << 22) + 1, new byte[(1 << 22) + 1])),
                        "key 'x', its array length",
                        "expected at most 4194304, found 4194305"),
                malformed(
                        226,
                        "array-of-arrays",
                        "An array of arrays, which the format allows and nobody uses.",
                        withKey("x", ARRAY, array(ARRAY, 1, array(UINT8, 1, bytes(1)))),
                        "key 'x'",
                        "an array of arrays"),
                malformed(
                        227,
                        "arrays-nested-deep",
                        "Arrays nested 100,000 deep, for the stack of a recursive reader.",
                        withKey("x", ARRAY, nested(100_000)),
                        "key 'x'",
                        "an array of arrays"));
    }

    private static byte[] nested(int depth) {
        var out = new ByteArrayOutputStream();
        for (int i = 0; i < depth; i++) {
            out.writeBytes(array(ARRAY, 1));
        }
        out.writeBytes(array(UINT8, 1, bytes(1)));
        return out.toByteArray();
    }

    private static List<Attack> types() {
        return List.of(
                malformed(
                        231,
                        "type-13",
                        "The first type that does not exist.",
                        withKey("x", 13, u64(0)),
                        "key 'x', its type",
                        "found 13"),
                malformed(
                        232,
                        "type-2^31",
                        "A type that is a negative index.",
                        withKey("x", Integer.MIN_VALUE, u64(0)),
                        "key 'x', its type",
                        "found 2147483648"),
                malformed(
                        233,
                        "element-type-13",
                        "An array of a type that does not exist, whose size a table would be asked for.",
                        withKey("x", ARRAY, array(13, 1, u64(0))),
                        "key 'x', its element type",
                        "found 13"),
                malformed(
                        234,
                        "bool-2",
                        "A bool that is neither.",
                        withKey("x", BOOL, bytes(2)),
                        "key 'x'",
                        "expected a bool of 0 or 1, found 2"),
                malformed(
                        235,
                        "bool-2-in-array",
                        "A bool that is neither, among sound ones.",
                        withKey("x", ARRAY, array(BOOL, 3, bytes(0, 1, 255))),
                        "key 'x'",
                        "found 255"));
    }

    private static List<Attack> alignments() {
        return List.of(
                malformed(
                        241,
                        "alignment-int32",
                        "The alignment as a signed number; a reader that asserts its type stops the process.",
                        withKey(ALIGNMENT, INT32, u32(32)),
                        "key 'general.alignment'",
                        "expected a uint32, found an int32"),
                malformed(
                        242,
                        "alignment-string",
                        "The alignment as text.",
                        withKey(ALIGNMENT, STRING, string("32")),
                        "expected a uint32, found a string"),
                malformed(
                        243,
                        "alignment-array",
                        "The alignment as an array.",
                        withKey(ALIGNMENT, ARRAY, array(UINT32, 1, u32(32))),
                        "expected a uint32, found an array of 1 uint32"),
                malformed(
                        244,
                        "alignment-0",
                        "Padding to a multiple of 0 divides by it.",
                        withKey(ALIGNMENT, UINT32, u32(0)),
                        "key 'general.alignment'",
                        "expected a power of two from 8 to 2097152, found 0"),
                malformed(
                        245,
                        "alignment-3",
                        "Padding with a mask of 3 - 1.",
                        withKey(ALIGNMENT, UINT32, u32(3)),
                        "key 'general.alignment'",
                        "found 3"),
                malformed(
                        246,
                        "alignment-1",
                        "A power of two that aligns nothing.",
                        withKey(ALIGNMENT, UINT32, u32(1)),
                        "found 1"),
                malformed(
                        247,
                        "alignment-2^31",
                        "A power of two that is negative when signed and makes every padding wrap.",
                        withKey(ALIGNMENT, UINT32, u32(1L << 31)),
                        "key 'general.alignment'",
                        "found 2147483648"));
    }

    private static List<Attack> valuesOfAnotherKind() {
        return List.of(
                whenUsed(
                        251,
                        "scores-uint8",
                        "Scores as bytes, in the right number: read as floats they reach beyond the array.",
                        withKey("tokenizer.ggml.scores", ARRAY, array(UINT8, 2, bytes(1, 2))),
                        opened -> opened.metadata().findFloats("tokenizer.ggml.scores"),
                        "key 'tokenizer.ggml.scores'",
                        "expected an array of floats, found an array of 2 uint8"),
                whenUsed(
                        252,
                        "merges-numbers",
                        "Merges as numbers: read as strings the numbers are lengths.",
                        withKey("tokenizer.ggml.merges", ARRAY, array(UINT64, 2, u64(1), u64(1L << 40))),
                        opened -> opened.metadata().findStrings("tokenizer.ggml.merges"),
                        "key 'tokenizer.ggml.merges'",
                        "expected an array of strings, found an array of 2 uint64"),
                whenUsed(
                        253,
                        "eos-string",
                        "The end token's number as text.",
                        withKey("tokenizer.ggml.eos_token_id", STRING, string("2")),
                        opened -> opened.metadata().findLong("tokenizer.ggml.eos_token_id"),
                        "key 'tokenizer.ggml.eos_token_id'",
                        "expected an integer, found a string"),
                whenUsed(
                        254,
                        "context-2^63",
                        "A context length that is negative when signed.",
                        withKey("llama.context_length", UINT64, u64(Long.MIN_VALUE)),
                        opened -> opened.metadata().integer("llama.context_length"),
                        "key 'llama.context_length'",
                        "found 9223372036854775808"),
                whenUsed(
                        255,
                        "vocabulary-2^32",
                        "A number that is 0 in 32 bits.",
                        withKey("llama.vocab_size", UINT64, u64(1L << 32)),
                        opened -> opened.metadata().integer("llama.vocab_size", 0, 1, Integer.MAX_VALUE),
                        "key 'llama.vocab_size'",
                        "expected an integer from 1 to 2147483647, found 4294967296"));
    }
}
