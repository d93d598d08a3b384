package dev.excitor.loaders.attacks;

import static dev.excitor.loaders.attacks.RawZip.sound;
import static dev.excitor.loaders.attacks.TorchAttacks.malformed;
import static dev.excitor.loaders.attacks.TorchAttacks.unsupported;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;

/// Attacks with the archive that a PyTorch checkpoint is.
final class ZipAttacks {

    private static final byte[] SOUND = sound().bytes();

    private ZipAttacks() {}

    static List<Attack> all() {
        return List.of(
                malformed(701, "torch-empty", "No byte at all.", new byte[0], "found an empty file"),
                malformed(
                        702,
                        "torch-is-text",
                        "A page of text, as a failed download leaves it.",
                        "<html>not found</html>".getBytes(StandardCharsets.UTF_8),
                        "the end of a zip archive",
                        "no PyTorch checkpoint"),
                malformed(
                        703,
                        "torch-cut",
                        "A download that stopped one byte early.",
                        Arrays.copyOf(SOUND, SOUND.length - 1),
                        "the end of a zip archive",
                        "truncated"),
                malformed(
                        704,
                        "torch-only-end",
                        "An archive of nothing.",
                        new RawZip().bytes(),
                        "one entry data.pkl, found 0 of them among 0 entries"),
                malformed(
                        705,
                        "two-pickles",
                        "Two pickles: which one is the checkpoint?",
                        sound().entry("other/data.pkl", new byte[1]).bytes(),
                        "found 2 of them"),
                malformed(
                        706,
                        "entries-2^63",
                        "As many entries as make a signed count negative.",
                        sound().claimEntries(Long.MIN_VALUE).bytes(),
                        "the number of entries",
                        "found 9223372036854775808"),
                malformed(
                        707,
                        "entries-beyond-directory",
                        "More entries than the directory has room for.",
                        sound().claimEntries(1_000).bytes(),
                        "the number of entries",
                        "found 1000"),
                malformed(
                        708,
                        "one-entry-more",
                        "One entry more than there are: the end would be read as one.",
                        sound().claimEntries(4).bytes(),
                        "expected at most 3, found 4"),
                malformed(
                        709,
                        "directory-beyond-end",
                        "A directory behind the end.",
                        sound().claimDirectory(1 << 20, 300).bytes(),
                        "expected a directory",
                        "at byte 1048576"),
                malformed(
                        710,
                        "directory-negative",
                        "A directory that begins before the file.",
                        sound().claimDirectory(Long.MAX_VALUE, Long.MAX_VALUE).bytes(),
                        "expected a directory",
                        "found one of 9223372036854775807 bytes"),
                malformed(
                        711,
                        "directory-in-data",
                        "A directory that points into the entries.",
                        sound().claimDirectory(0, 300).bytes(),
                        "entry 0: expected a header of the directory"),
                malformed(
                        712,
                        "several-disks",
                        "The last part of an archive over several files.",
                        sound().disk(1).bytes(),
                        "expected an archive in one file"),
                malformed(
                        713,
                        "something-before",
                        "A program with an archive behind it, whose offsets are all too small.",
                        sound().before(new byte[64]).claimDirectory(0, 300).bytes(),
                        "expected a header of the directory"),
                malformed(
                        721,
                        "zip-slip",
                        "An entry that would be unpacked outside.",
                        sound().entry("archive/../../../etc/passwd", new byte[1])
                                .bytes(),
                        "a path inside the archive"),
                malformed(
                        722,
                        "zip-slip-absolute",
                        "An entry with an absolute path.",
                        sound().entry("/etc/passwd", new byte[1]).bytes(),
                        "a path inside the archive"),
                malformed(
                        723,
                        "zip-slip-windows",
                        "An entry with a drive and backslashes.",
                        sound().entry("C:\\windows\\x", new byte[1]).bytes(),
                        "a path inside the archive"),
                malformed(
                        724,
                        "entry-twice",
                        "Two entries of one name: one reader takes the first, another the last.",
                        sound().entry("archive/data/0", new byte[24]).bytes(),
                        "entry 'archive/data/0': expected once, found again"),
                malformed(
                        725,
                        "entry-name-empty",
                        "An entry without a name.",
                        sound().entry("", new byte[1]).bytes(),
                        "a path inside the archive"),
                malformed(
                        726,
                        "other-name-in-place",
                        "An entry that is named otherwise where it lies.",
                        change(zip -> zip.entry(1).localName("archive/data/1")),
                        "expected its header as the directory describes it"),
                malformed(
                        727,
                        "entries-overlap",
                        "Two entries at one place: storages that share bytes they should not.",
                        change(zip -> {
                            zip.entry("archive/data/0x", new byte[24]);
                            zip.entry(3).claimHeaderAt(0);
                        }),
                        "expected its header"),
                malformed(
                        728,
                        "entry-in-entry",
                        "An entry whose header lies in the bytes of another.",
                        nested(),
                        "they overlap"),
                malformed(
                        729,
                        "header-beyond-directory",
                        "An entry whose header lies behind the directory.",
                        change(zip -> zip.entry(1).claimHeaderAt(1 << 20)),
                        "expected a header before the directory"),
                malformed(
                        730,
                        "entry-place-2^63",
                        "An entry whose place is negative when signed.",
                        change(zip -> zip.entry(1).zip64().claimHeaderAt(Long.MAX_VALUE)),
                        "found it said to be at byte 9223372036854775807"),
                malformed(
                        731,
                        "entry-beyond-file",
                        "An entry of a terabyte.",
                        change(zip -> zip.entry(1).zip64().claimSize(1L << 40).claimStored(1L << 40)),
                        "found a size of 1099511627776"),
                malformed(
                        732,
                        "sizes-differ",
                        "Bytes that are not compressed, and yet become more.",
                        change(zip -> zip.entry(1).claimSize(1 << 20)),
                        "expected one size",
                        "found 24 and 1048576"),
                malformed(
                        733,
                        "zip64-short",
                        "Sizes promised in a field that ends before them.",
                        change(zip -> zip.entry(1).zip64Cut()),
                        "expected its sizes in a zip64 field"),
                malformed(
                        741,
                        "zip-bomb",
                        "A gigabyte of zeros in a kilobyte.",
                        bomb(),
                        "nothing that a model needs compresses so well",
                        "found 1073741824"),
                malformed(
                        742,
                        "deflated-longer",
                        "Compressed data that become more than the directory says.",
                        longer(),
                        "expected 24 bytes, found more"),
                malformed(
                        743,
                        "deflated-shorter",
                        "Compressed data that become less.",
                        shorter(),
                        "expected 24 bytes with the checksum",
                        "found 23"),
                malformed(
                        744,
                        "deflated-other",
                        "Compressed data that become something else.",
                        change(zip -> zip.entry(1).deflate().checksum(1)),
                        "checksum 00000001"),
                malformed(
                        745,
                        "deflated-endless",
                        "Compressed data without an end.",
                        change(zip -> zip.entry(1).deflate().bytes(new byte[] {0, 0})),
                        "entry 'archive/data/0'"),
                malformed(
                        746,
                        "deflated-garbage",
                        "Bytes that no compressor wrote.",
                        change(zip -> zip.entry(1).deflate().bytes(new byte[] {7, 7, 7})),
                        "expected deflated data"),
                unsupported(
                        747,
                        "encrypted",
                        "An entry under a password.",
                        change(zip -> zip.entry(1).encrypted()),
                        "is encrypted",
                        "stored, deflated"),
                unsupported(
                        748,
                        "method-14",
                        "An entry compressed with LZMA.",
                        change(zip -> zip.entry(1).method(14)),
                        "the compression method 14"),
                malformed(
                        749,
                        "pickle-of-100-megabytes",
                        "A pickle larger than any tree of tensors needs.",
                        change(zip -> zip.entry(0).deflate().claimSize(100 << 20)),
                        "expected at most 33554432 bytes, found 104857600"),
                malformed(
                        750,
                        "torch-is-a-folder",
                        "A folder under a checkpoint's name.",
                        folder -> Files.createDirectory(folder.resolve("attack.pth")),
                        "found a folder"));
    }

    private interface Change {
        void apply(RawZip zip);
    }

    private static byte[] change(Change change) {
        RawZip zip = sound();
        change.apply(zip);
        return zip.bytes();
    }

    /// An archive in an entry of an archive, with an entry of its own in the outer directory.
    private static byte[] nested() {
        byte[] inner =
                new RawZip().entry("archive/data/1", new byte[8]).plainEnd().bytes();
        RawZip zip = sound().entry("archive/inner", inner).entry("archive/data/1", new byte[8]);
        byte[] whole = zip.bytes();
        String text = new String(whole, StandardCharsets.ISO_8859_1);
        zip.entry(4).claimHeaderAt(text.indexOf("archive/data/1") - 30);
        return zip.bytes();
    }

    private static byte[] longer() {
        RawZip zip = RawZip.checkpoint(
                RawPickle.dictOf("w", RawPickle.tensor("0", 2, 3)).end(), new byte[4096]);
        zip.entry(1).deflate().claimSize(24);
        return zip.bytes();
    }

    private static byte[] shorter() {
        RawZip zip = RawZip.checkpoint(
                RawPickle.dictOf("w", RawPickle.tensor("0", 2, 3)).end(), new byte[23]);
        zip.entry(1).deflate().claimSize(24);
        return zip.bytes();
    }

    private static byte[] bomb() {
        RawZip zip = RawZip.checkpoint(
                RawPickle.dictOf("w", RawPickle.tensor("0", 1 << 28)).end(), new byte[1 << 20]);
        zip.entry(1).deflate().claimSize(1L << 30);
        return zip.bytes();
    }
}
