package dev.excitor.loaders.attacks;

import static dev.excitor.loaders.attacks.Attack.malformed;
import static dev.excitor.loaders.attacks.Attack.unsupported;
import static dev.excitor.loaders.attacks.RawGguf.sound;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Attacks on the first 24 bytes: magic, version and the two counts.
final class HeaderAttacks {

    private HeaderAttacks() {}

    static List<Attack> all() {
        return List.of(
                malformed(101, "empty", "No byte at all.", new byte[0], "byte 0", "expected a GGUF file", "empty"),
                malformed(
                        102,
                        "other-magic",
                        "A zip file under a model's name.",
                        sound().magic("PK\u0003\u0004"),
                        "byte 0",
                        "expected 'GGUF'",
                        "found bytes 50 4b 03 04"),
                malformed(
                        103,
                        "only-magic",
                        "Ends after the magic.",
                        "GGUF".getBytes(StandardCharsets.US_ASCII),
                        "byte 4",
                        "the file ends inside the version",
                        "expected 4 more bytes, found 0"),
                unsupported(
                        104, "version-0", "Version 0 never was.", sound().version(0), "byte 4", "version 0", "2, 3"),
                unsupported(
                        105,
                        "version-1",
                        "Version 1 counts in 32 bits; read as version 3 every length would be wrong.",
                        sound().version(1),
                        "byte 4",
                        "version 1",
                        "convert the model again"),
                unsupported(
                        106,
                        "version-4",
                        "A version from the future.",
                        sound().version(4),
                        "byte 4",
                        "version 4",
                        "2, 3"),
                unsupported(
                        107,
                        "version-huge",
                        "Version 2^32-1, negative when read carelessly.",
                        sound().version(-1),
                        "version 4294967295"),
                unsupported(
                        108,
                        "big-endian",
                        "A big-endian file as converters write it: the magic as ever, the version swapped.",
                        sound().version(Integer.reverseBytes(3)),
                        "byte 4",
                        "big-endian"),
                unsupported(
                        109,
                        "big-endian-magic",
                        "A big-endian file with the magic swapped too.",
                        sound().magic("FUGG").version(Integer.reverseBytes(3)),
                        "byte 0",
                        "big-endian"),
                malformed(
                        110,
                        "tensors-2^63",
                        "As many tensors as make a signed count negative.",
                        sound().claimTensors(Long.MIN_VALUE),
                        "byte 8",
                        "the number of tensors",
                        "found 9223372036854775808"),
                malformed(
                        111,
                        "tensors-2^32",
                        "As many tensors as truncate to 0 in 32 bits.",
                        sound().claimTensors(1L << 32),
                        "byte 8",
                        "found 4294967296"),
                malformed(
                        112,
                        "tensors-beyond-file",
                        "A plausible count for which the file has no room; a reader that allocates first pays for it.",
                        sound().claimTensors(100_000),
                        "byte 8",
                        "for which the rest of the file has room",
                        "found 100000"),
                malformed(
                        113,
                        "keys-2^63",
                        "As many keys as make a signed count negative.",
                        sound().claimKeys(Long.MIN_VALUE),
                        "byte 16",
                        "the number of metadata keys",
                        "found 9223372036854775808"),
                malformed(
                        114,
                        "keys-2^32",
                        "As many keys as truncate to 0 in 32 bits.",
                        sound().claimKeys(1L << 32),
                        "byte 16",
                        "found 4294967296"),
                malformed(
                        115,
                        "keys-beyond-file",
                        "More keys than the file could hold.",
                        sound().claimKeys(1_000),
                        "byte 16",
                        "found 1000"),
                malformed(
                        116,
                        "one-key-more",
                        "One key more than there are: the list of tensors is read as a key.",
                        sound().claimKeys(5),
                        "the name of tensor 0",
                        "found a length of"),
                malformed(
                        117,
                        "one-tensor-more",
                        "One tensor more than there are: the padding is read as its name.",
                        sound().claimTensors(3).data(4096),
                        "the name of tensor 2",
                        "found 0"),
                malformed(
                        118,
                        "tensors-too-many",
                        "More tensors than any model has, in a file large enough to hold them (and all of it a hole).",
                        folder -> Sparse.write(
                                folder, sound().claimTensors(300_000).bytes(), 64L << 20),
                        "byte 8",
                        "expected at most 262144, found 300000"),
                malformed(
                        119,
                        "keys-too-many",
                        "More keys than any model has, in a file large enough to hold them.",
                        folder ->
                                Sparse.write(folder, sound().claimKeys(100_000).bytes(), 64L << 20),
                        "byte 16",
                        "expected at most 65536, found 100000"),
                malformed(
                        120,
                        "a-folder",
                        "A folder under a model's name, which some systems open and then fail to read.",
                        folder -> Files.createDirectory(folder.resolve("attack.gguf")),
                        "found a folder"),
                malformed(
                        121,
                        "a-device",
                        "A device that never ends, or a pipe that never answers.",
                        folder -> Path.of("/dev/zero"),
                        "expected a file, found a device"),
                malformed(
                        122,
                        "nothing",
                        "A name without a file.",
                        folder -> folder.resolve("absent.gguf"),
                        "found none"));
    }
}
