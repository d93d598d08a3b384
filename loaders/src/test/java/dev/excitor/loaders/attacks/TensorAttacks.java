package dev.excitor.loaders.attacks;

import static dev.excitor.loaders.attacks.Attack.malformed;
import static dev.excitor.loaders.attacks.Attack.unsupported;
import static dev.excitor.loaders.attacks.RawGguf.F32;
import static dev.excitor.loaders.attacks.RawGguf.Q4_0;
import static dev.excitor.loaders.attacks.RawGguf.UINT32;
import static dev.excitor.loaders.attacks.RawGguf.bytes;
import static dev.excitor.loaders.attacks.RawGguf.cat;
import static dev.excitor.loaders.attacks.RawGguf.sound;
import static dev.excitor.loaders.attacks.RawGguf.string;
import static dev.excitor.loaders.attacks.RawGguf.u32;
import static dev.excitor.loaders.attacks.RawGguf.u64;
import static dev.excitor.loaders.attacks.RawGguf.withTensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Attacks on the list of tensors and on their data.
final class TensorAttacks {

    private static final long MOST = Integer.MAX_VALUE;

    private TensorAttacks() {}

    static List<Attack> all() {
        var all = new ArrayList<Attack>();
        all.addAll(names());
        all.addAll(shapes());
        all.addAll(formats());
        all.addAll(places());
        return all;
    }

    private static List<Attack> names() {
        return List.of(
                malformed(
                        301,
                        "name-empty",
                        "A tensor without a name.",
                        withTensor("", 4),
                        "the name of tensor 0",
                        "expected 1 to 65535 bytes, found 0"),
                malformed(
                        302,
                        "name-65536",
                        "A name far longer than the buffer a careless reader has for it.",
                        withTensor("n".repeat(65_536), 4),
                        "the name of tensor 0",
                        "found 65536"),
                malformed(
                        303,
                        "name-not-utf-8",
                        "Half a surrogate pair in a name.",
                        new RawGguf().rawTensor(cat(string(bytes(0xed, 0xa0, 0x80)), u32(1), u64(4), u32(F32), u64(0))),
                        "the name of tensor 0",
                        "expected UTF-8"),
                malformed(
                        304,
                        "name-twice",
                        "Two tensors of one name: the shape of one and the data of the other.",
                        sound().tensor("a", F32, 96, 4).data(1024),
                        "tensor 'a'",
                        "found again"));
    }

    private static List<Attack> shapes() {
        return List.of(
                malformed(
                        311,
                        "dimensions-0",
                        "No dimensions.",
                        withTensor("t"),
                        "tensor 't'",
                        "1 to 4 dimensions, found 0"),
                malformed(
                        312,
                        "dimensions-5",
                        "One dimension more than a reader's array holds.",
                        withTensor("t", 1, 1, 1, 1, 1),
                        "tensor 't'",
                        "found 5"),
                malformed(
                        313,
                        "dimensions-2^31",
                        "A negative number of dimensions.",
                        new RawGguf().rawTensor(cat(string("t"), u32(1L << 31), new byte[64])),
                        "tensor 't'",
                        "found 2147483648"),
                malformed(
                        314,
                        "extent-0",
                        "A row of nothing: a size of 0 that passes every check of sizes.",
                        withTensor("t", 0),
                        "tensor 't'",
                        "expected an extent from 1 to 2147483647, found 0"),
                malformed(
                        315,
                        "extent-0-later",
                        "No rows: a product of 0.",
                        withTensor("t", 4, 1, 0),
                        "tensor 't'",
                        "found 0"),
                malformed(
                        316,
                        "extent-negative",
                        "An extent of -1; two of them make a positive product.",
                        withTensor("t", -1, -1),
                        "tensor 't'",
                        "found 18446744073709551615"),
                malformed(
                        317,
                        "extent-2^31",
                        "An extent that is negative in 32 bits.",
                        withTensor("t", 1L << 31),
                        "tensor 't'",
                        "found 2147483648"),
                malformed(
                        318,
                        "rows-2^42+1",
                        "2^42 + 1 rows of 2^20 bytes: the size wraps to one row.",
                        withTensor("t", 1L << 18, (1L << 42) + 1),
                        "tensor 't'",
                        "found 4398046511105"),
                malformed(
                        319,
                        "rows-product",
                        "Extents that are sound one by one and make 2^62 rows.",
                        withTensor("t", 4, MOST, MOST),
                        "tensor 't'",
                        "expected at most 2147483647 rows, found 4611686014132420609"),
                malformed(
                        320,
                        "elements-wrap-to-0",
                        "2^32 by 2^32 numbers: the product wraps to 0.",
                        withTensor("t", 1L << 32, 1L << 32),
                        "tensor 't'",
                        "found 4294967296"),
                malformed(
                        321,
                        "bytes-overflow",
                        "The largest matrix a shape can have, 2^64 bytes of F32.",
                        withTensor("t", MOST, MOST),
                        "tensor 't'",
                        "2147483647x2147483647 F32"),
                malformed(
                        322,
                        "bytes-2^62",
                        "A matrix of 2^62 bytes, a positive number far beyond the file.",
                        withTensor("t", 1L << 30, 1L << 30),
                        "tensor 't'",
                        "expected the 4611686018427387904 bytes"),
                malformed(
                        323,
                        "bytes-pad-to-0",
                        "A size that wraps to 0 when it is padded to the alignment.",
                        new RawGguf().tensor("t", Q4_0, 0, MOST - 31, MOST).data(1024),
                        "tensor 't'",
                        "2147483647x2147483616 Q4_0"));
    }

    private static List<Attack> formats() {
        return List.of(
                unsupported(
                        331,
                        "format-77",
                        "A number format that does not exist.",
                        new RawGguf().tensor("t", 77, 0, 256).data(1024),
                        "tensor 't'",
                        "type 77",
                        "Q4_0"),
                unsupported(
                        332,
                        "format-negative",
                        "A format that is a negative index into the table of formats.",
                        new RawGguf().tensor("t", -1, 0, 256).data(1024),
                        "tensor 't'",
                        "type -1"),
                unsupported(
                        333,
                        "format-removed",
                        "Q4_2, removed from GGML in 2023: its place in the table is a hole with a block size of 0.",
                        new RawGguf().tensor("t", 4, 0, 256).data(1024),
                        "tensor 't'",
                        "Q4_2"),
                unsupported(
                        334,
                        "format-unread",
                        "A sound format that is not read here.",
                        new RawGguf().tensor("t", 16, 0, 256).data(1024),
                        "tensor 't'",
                        "IQ2_XXS"),
                malformed(
                        335,
                        "row-not-whole-blocks",
                        "Rows of a block and a half.",
                        new RawGguf().tensor("t", Q4_0, 0, 48, 2).data(1024),
                        "tensor 't'",
                        "expected rows of whole Q4_0 blocks of 32, found rows of 48"),
                malformed(
                        336,
                        "row-less-than-a-block",
                        "Rows of one number: 32 rows make as many numbers as a block has.",
                        new RawGguf().tensor("t", Q4_0, 0, 1, 32).data(1024),
                        "tensor 't'",
                        "found rows of 1"));
    }

    private static List<Attack> places() {
        byte[] sound = sound().bytes();
        return List.of(
                malformed(
                        341,
                        "offset-unaligned",
                        "Data at an odd place.",
                        new RawGguf().tensor("t", F32, 4, 4).data(1024),
                        "tensor 't'",
                        "expected an offset that is a multiple of 32, found 4"),
                malformed(
                        342,
                        "offset-aligned-otherwise",
                        "Aligned to 32, where the file promises 64.",
                        new RawGguf()
                                .key("general.alignment", UINT32, u32(64))
                                .tensor("t", F32, 32, 4)
                                .alignment(64)
                                .data(1024),
                        "tensor 't'",
                        "multiple of 64, found 32"),
                malformed(
                        343,
                        "offset-negative",
                        "Data before its own start: in the header.",
                        new RawGguf().tensor("t", F32, -64, 4).data(1024),
                        "tensor 't'",
                        "found 18446744073709551552"),
                malformed(
                        344,
                        "offset-beyond-end",
                        "Data a terabyte behind the file.",
                        new RawGguf().tensor("t", F32, 1L << 40, 4).data(1024),
                        "tensor 't'",
                        "expected an offset inside the file",
                        "found 1099511627776"),
                malformed(
                        345,
                        "offset-at-end",
                        "Data that starts exactly where the file ends.",
                        new RawGguf().tensor("t", F32, 1024, 4).data(1024),
                        "tensor 't'",
                        "the file ends after 0"),
                malformed(
                        346,
                        "offset-wraps",
                        "An offset that wraps to a small one when the data's start is added.",
                        new RawGguf().tensor("t", F32, Long.MAX_VALUE - 31, 4).data(1024),
                        "tensor 't'",
                        "found 9223372036854775776"),
                malformed(
                        347,
                        "overlap",
                        "Two tensors that share 32 bytes.",
                        new RawGguf()
                                .tensor("t", F32, 0, 16)
                                .tensor("u", F32, 32, 16)
                                .data(1024),
                        "tensor 'u'",
                        "where 't' ends",
                        "they overlap"),
                malformed(
                        348,
                        "overlap-same",
                        "Two tensors of the same bytes.",
                        new RawGguf()
                                .tensor("t", F32, 64, 16)
                                .tensor("u", F32, 64, 16)
                                .data(1024),
                        "tensor 'u'",
                        "they overlap"),
                malformed(
                        349,
                        "overlap-inside",
                        "A small tensor inside a large one, listed far from it.",
                        new RawGguf()
                                .tensor("t", F32, 512, 16)
                                .tensor("u", F32, 0, 100)
                                .tensor("v", F32, 96, 4)
                                .data(1024),
                        "tensor 'v'",
                        "where 'u' ends",
                        "they overlap"),
                malformed(
                        350,
                        "data-cut",
                        "A download that stopped one byte early.",
                        Arrays.copyOf(sound, sound.length - 1),
                        "tensor 'b'",
                        "expected the 36 bytes of 2x32 Q4_0",
                        "ends after 35",
                        "fetch it again"),
                malformed(
                        351,
                        "data-absent",
                        "A header alone, as if everything came after it.",
                        sound().data(0),
                        "tensor 'a'",
                        "expected the 32 bytes of 2x4 F32",
                        "ends after 0"));
    }
}
