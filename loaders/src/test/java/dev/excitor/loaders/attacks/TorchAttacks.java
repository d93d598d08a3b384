package dev.excitor.loaders.attacks;

import static dev.excitor.loaders.attacks.RawGguf.u32;
import static dev.excitor.loaders.attacks.RawGguf.u64;
import static dev.excitor.loaders.attacks.RawPickle.dictOf;
import static dev.excitor.loaders.attacks.RawPickle.protocol;
import static dev.excitor.loaders.attacks.RawPickle.storage;
import static dev.excitor.loaders.attacks.RawPickle.tensor;
import static dev.excitor.loaders.attacks.RawPickle.view;

import dev.excitor.loaders.pytorch.TorchFile;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.Unsupported;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;

/// Attacks with the pickle of a PyTorch checkpoint, which is a program, and with the tensors that it builds.
final class TorchAttacks {

    private static final int MILLION = 1_000_000;

    private TorchAttacks() {}

    static List<Attack> all() {
        return List.of(
                unsupported(
                        801,
                        "os-system",
                        "The classic: a command that is run when the file is loaded.",
                        pickle(protocol(2)
                                .global("os", "system")
                                .text("touch /tmp/pwned")
                                .op(0x85, 'R')),
                        "the name 'os.system'",
                        "a pickle is a program",
                        "byte 2"),
                unsupported(
                        802,
                        "builtins-eval",
                        "The same through eval, named by two strings as protocol 4 does it.",
                        pickle(protocol(4)
                                .text("builtins")
                                .text("eval")
                                .op(0x93)
                                .text("1")
                                .op(0x85, 'R')),
                        "the name 'builtins.eval'"),
                unsupported(
                        803,
                        "getattr",
                        "A harmless function that reaches all others.",
                        pickle(protocol(2).global("builtins", "getattr")),
                        "the name 'builtins.getattr'"),
                unsupported(
                        804,
                        "torch-load",
                        "A name of PyTorch that loads another pickle.",
                        pickle(protocol(2).global("torch.serialization", "load")),
                        "the name 'torch.serialization.load'"),
                unsupported(
                        805,
                        "torch-utils-other",
                        "A sibling of the one function that is known.",
                        pickle(protocol(2).global("torch._utils", "_rebuild_sparse_tensor")),
                        "'torch._utils._rebuild_sparse_tensor'",
                        "torch._utils._rebuild_tensor_v2"),
                unsupported(
                        806,
                        "name-with-escapes",
                        "A name that would move the cursor of a terminal.",
                        pickle(protocol(2).global("\u001b[2J", "x")),
                        "\\u001b[2J.x"),
                unsupported(
                        807,
                        "inst",
                        "An old instruction that names and calls in one.",
                        pickle(protocol(2).op('(', 'i').raw(ascii("os\nsystem\n"))),
                        "the instruction 0x69"),
                unsupported(
                        808,
                        "obj",
                        "Another old way to call.",
                        pickle(protocol(2)
                                .op('(')
                                .global("argparse", "Namespace")
                                .op('o')),
                        "the instruction 0x6f"),
                unsupported(
                        809,
                        "extension",
                        "A name by its number in a registry.",
                        pickle(protocol(2).op(0x82, 1)),
                        "the instruction 0x82"),
                unsupported(
                        810,
                        "persistent-text",
                        "A persistent id as a line of text.",
                        pickle(protocol(2).op('P').raw(ascii("x\n"))),
                        "the instruction 0x50"),
                unsupported(811, "protocol-6", "A protocol from the future.", pickle(protocol(6)), "pickle protocol 6"),
                malformed(
                        812,
                        "protocol-0",
                        "A pickle of text, from before there were protocols.",
                        RawZip.checkpoint(ascii("(dp0\n.")).bytes(),
                        "expected a pickle (byte 80)"),
                unsupported(
                        813,
                        "legacy",
                        "A file of PyTorch before 1.6, pickles in a row.",
                        RawGguf.bytes(
                                0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.',
                                0x80, 2),
                        "PyTorch before 1.6",
                        "save it with torch.save"),
                unsupported(
                        814,
                        "big-endian-torch",
                        "Numbers the other way round.",
                        RawZip.sound().entry("archive/byteorder", ascii("big")).bytes(),
                        "the byte order 'big'"),
                malformed(
                        821,
                        "stack-empty",
                        "Takes from an empty stack.",
                        pickle(protocol(2).op('0')),
                        "expected 1 values on the stack, found 0"),
                malformed(
                        822,
                        "below-the-mark",
                        "Takes what lies below a mark.",
                        pickle(protocol(2).op('}', 'N', '(', 's')),
                        "expected 2 values on the stack, found 0 since the last mark"),
                malformed(
                        823,
                        "no-mark",
                        "Goes to a mark that is not there.",
                        pickle(protocol(2).op('t')),
                        "a mark"),
                malformed(
                        824,
                        "memo-absent",
                        "Recalls what was never remembered.",
                        pickle(protocol(2).op('j').raw(u32(0xffff_ffffL))),
                        "one of the 0 values remembered so far, found number 4294967295"),
                malformed(
                        825,
                        "memo-bomb",
                        "Ten lists, each of the one before it ten times over: 10^10 values.",
                        pickle(bomb()),
                        "expected at most"),
                malformed(
                        826,
                        "dict-in-itself",
                        "A dict that contains itself.",
                        pickle(protocol(2).op('}', 'q', 0).text("me").op('h', 0, 's')),
                        "in each other, found more"),
                malformed(
                        827,
                        "lists-nested-deep",
                        "Lists nested 200,000 deep, for the stack of a recursive reader.",
                        pickle(protocol(2)
                                .op('}')
                                .text("deep")
                                .repeat(200_000, ']')
                                .repeat(199_999, 'a')
                                .op('s')),
                        "in each other, found more"),
                malformed(
                        828,
                        "instructions-million",
                        "A program that runs on and on.",
                        pickle(protocol(2).repeat(MILLION, 'N', '0').op('N')),
                        "expected at most 1048576 instructions"),
                malformed(
                        829,
                        "string-beyond-pickle",
                        "A string of four gigabytes.",
                        pickle(protocol(2).op('X').raw(u32(0xffff_ffffL))),
                        "found a length of 4294967295"),
                malformed(
                        830,
                        "string-2^63",
                        "A string whose length is negative when signed.",
                        pickle(protocol(4).op(0x8d).raw(u64(Long.MIN_VALUE))),
                        "found a length of 9223372036854775808"),
                malformed(
                        831,
                        "number-negative",
                        "A number of -1 bytes.",
                        pickle(protocol(2).op(0x8b).raw(u32(-1))),
                        "found a length of 18446744073709551615"),
                malformed(
                        832,
                        "frame-beyond-pickle",
                        "A frame longer than the pickle.",
                        pickle(protocol(4).op(0x95).raw(u64(1 << 20))),
                        "FRAME"),
                malformed(
                        833,
                        "text-not-utf-8-torch",
                        "A string of half a surrogate pair.",
                        pickle(protocol(2).op('X').raw(u32(3)).op(0xed, 0xa0, 0x80)),
                        "expected UTF-8"),
                malformed(
                        834,
                        "name-endless",
                        "A name without an end of its line.",
                        pickle(protocol(2).op('c').repeat(2_000, 'a')),
                        "a line of at most 1024 bytes"),
                malformed(
                        835,
                        "pickle-cut",
                        "A pickle without its last instruction.",
                        RawZip.checkpoint(RawGguf.bytes(0x80, 2, '}')).bytes(),
                        "the next instruction"),
                malformed(
                        836,
                        "bytes-after-the-end",
                        "A second pickle behind the first.",
                        RawZip.checkpoint(RawGguf.bytes(0x80, 2, '}', '.', 0x80, 2, 'N', '.'))
                                .bytes(),
                        "nothing left"),
                malformed(
                        837,
                        "items-odd",
                        "A key without its value.",
                        pickle(protocol(2).op('}', '(', 'N', 'u')),
                        "keys with their values"),
                malformed(
                        838,
                        "items-of-a-number",
                        "Items put into a number.",
                        pickle(protocol(2).op('N', 'N', 'N', 's')),
                        "expected a dict to put items into"),
                malformed(
                        839,
                        "call-of-a-string",
                        "A call of what is no function.",
                        pickle(protocol(2).text("os.system").op(')', 'R')),
                        "expected a name and a tuple to call"),
                malformed(
                        840,
                        "no-dict",
                        "A checkpoint that is a number.",
                        pickle(protocol(2).op('K', 1)),
                        "expected a dict of tensors, found the number 1"),
                malformed(
                        841,
                        "torch-tensor-twice",
                        "Two tensors of one name.",
                        pickle(dictOf("w", tensor("0", 2, 3))
                                .text("w")
                                .then(tensor("0", 2, 3))
                                .op('s')),
                        "tensor 'w': expected once"),
                malformed(
                        842,
                        "name-of-10000",
                        "A name of a tensor longer than any.",
                        pickle(dictOf("w".repeat(10_000), tensor("0", 2, 3))),
                        "at most 255 characters"),
                malformed(
                        843,
                        "key-is-a-tensor",
                        "A dict whose key is a tensor.",
                        pickle(protocol(2).op('}').then(tensor("0", 2, 3)).op('N', 's')),
                        "expected strings or numbers as keys of a dict, found a tensor"),
                malformed(
                        851,
                        "storage-missing",
                        "A tensor whose storage is not in the archive.",
                        pickle(dictOf("w", tensor("7", 2, 3))),
                        "an entry 'archive/data/7', found none"),
                malformed(
                        852,
                        "storage-short",
                        "A storage with fewer bytes than its elements need.",
                        pickle(dictOf("w", tensor("0", 2, 4))),
                        "the 32 bytes of 8 elements of F32, found 24"),
                malformed(
                        853,
                        "storage-key-up",
                        "A storage whose name leads out of the archive.",
                        pickle(dictOf("w", tensor("../../etc/passwd", 2, 3))),
                        "found none"),
                malformed(
                        854,
                        "storage-2^61",
                        "2^61 elements of 8 bytes, which wrap to 0.",
                        pickle(dictOf(
                                "w", view(storage("DoubleStorage", "0", 1L << 61), 0, new long[] {1}, new long[] {1}))),
                        "a storage's number of elements"),
                malformed(
                        855,
                        "storage-negative",
                        "A storage of -1 elements.",
                        pickle(dictOf("w", storage("FloatStorage", "0", -1))),
                        "expected 0 or more, found the number -1"),
                malformed(
                        856,
                        "storage-of-another-kind",
                        "A persistent id that names something else.",
                        pickle(protocol(2).op('(').text("module").op('t', 'Q')),
                        "a persistent id"),
                malformed(
                        861,
                        "stride-out",
                        "A stride that leaves the storage.",
                        wView(0, new long[] {2, 3}, new long[] {4, 1}),
                        "elements inside the storage of 6",
                        "strides [4, 1]"),
                malformed(
                        862,
                        "offset-out",
                        "An offset behind the storage.",
                        wView(6, new long[] {1}, new long[] {1}),
                        "from element 6 on"),
                malformed(
                        863,
                        "offset-negative-torch",
                        "An offset before the storage.",
                        wView(-1, new long[] {2}, new long[] {1}),
                        "from element -1 on"),
                malformed(
                        864,
                        "stride-negative",
                        "A stride that goes backwards.",
                        wView(5, new long[] {2}, new long[] {-1}),
                        "strides [-1]"),
                malformed(
                        865,
                        "stride-wraps",
                        "Extent and stride whose product wraps to 0.",
                        wView(0, new long[] {(1L << 32) + 1}, new long[] {1L << 32}),
                        "elements inside the storage"),
                malformed(
                        866,
                        "extent-negative-torch",
                        "An extent of -1.",
                        wView(0, new long[] {-1, 3}, new long[] {3, 1}),
                        "extents [-1, 3]"),
                malformed(
                        867,
                        "stride-0",
                        "One element said a trillion times, to be copied.",
                        wView(0, new long[] {1L << 40}, new long[] {0}),
                        "at most the 6 elements of its storage"),
                malformed(
                        868,
                        "strides-too-few",
                        "More extents than strides.",
                        wView(0, new long[] {2, 3}, new long[] {1}),
                        "found 1 and 2"),
                malformed(
                        869,
                        "extents-65",
                        "More extents than any tensor has.",
                        wView(0, new long[65], new long[65]),
                        "at most 64 numbers"),
                malformed(
                        870,
                        "copies",
                        "A thousand transposed tensors of one storage: each is small, all are copied.",
                        RawZip.checkpoint(transposed(1_000).end(), new byte[4 << 10])
                                .bytes(),
                        "copies of no more bytes than the file has"),
                malformed(
                        871,
                        "tensor-of-nothing",
                        "A tensor that is made without arguments.",
                        pickle(dictOf(
                                "w",
                                new RawPickle()
                                        .global("torch._utils", "_rebuild_tensor_v2")
                                        .op(')', 'R'))),
                        "found 0 arguments"));
    }

    /// A checkpoint with one storage of six floats, and this pickle, which has its value on the stack.
    private static byte[] pickle(RawPickle pickle) {
        return RawZip.checkpoint(pickle.end(), new byte[24]).bytes();
    }

    private static byte[] wView(long offset, long[] sizes, long[] strides) {
        return pickle(dictOf("w", view(storage("FloatStorage", "0", 6), offset, sizes, strides)));
    }

    private static RawPickle bomb() {
        RawPickle pickle = protocol(2).op('}').text("bomb").op(']', 'q', 0);
        for (int i = 1; i <= 10; i++) {
            pickle.op('0', ']', 'q', i, '(').repeat(10, 'h', i - 1).op('e');
        }
        return pickle.op('s');
    }

    private static RawPickle transposed(int count) {
        RawPickle pickle = protocol(2).op('}', '(');
        for (int i = 0; i < count; i++) {
            pickle.text("w" + i)
                    .then(view(storage("FloatStorage", "0", 1024), 0, new long[] {32, 32}, new long[] {1, 32}));
        }
        return pickle.op('u');
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static Attack malformed(int number, String name, String story, byte[] file, String... parts) {
        return malformed(number, name, story, folder -> Files.write(folder.resolve("attack.pth"), file), parts);
    }

    static Attack malformed(int number, String name, String story, Attack.Maker maker, String... parts) {
        return attack(number, name, story, maker, MalformedFile.class, parts);
    }

    static Attack unsupported(int number, String name, String story, byte[] file, String... parts) {
        return attack(
                number,
                name,
                story,
                folder -> Files.write(folder.resolve("attack.pth"), file),
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
        Attack.Victim victim = (file, memory) -> {
            try (TorchFile opened = TorchFile.open(file, memory)) {
                opened.checkUnchanged();
            }
        };
        return new Attack(number, name, story, maker, victim, expected, List.of(parts));
    }
}
