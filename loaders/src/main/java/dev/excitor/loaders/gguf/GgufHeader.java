package dev.excitor.loaders.gguf;

import dev.excitor.runtime.ExcitorException.Unsupported;
import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Everything before the data of one file, read once and validated completely.
///
/// @param size     bytes of the file
/// @param tensors  in the file's order; every one lies inside the file, overlaps no other and has whole rows
record GgufHeader(
        Path path, long size, int version, int alignment, GgufMetadata metadata, List<GgufTensorInfo> tensors) {

    static final String ALIGNMENT_KEY = "general.alignment";
    static final int DEFAULT_ALIGNMENT = 32;

    /// A huge page; nothing in use aligns to more.
    static final int MAX_ALIGNMENT = 1 << 21;

    static final byte[] MAGIC = {'G', 'G', 'U', 'F'};
    static final byte[] SWAPPED_MAGIC = {'F', 'U', 'G', 'G'};
    private static final int LITTLE_ENDIAN_MAGIC = 0x46554747;

    private static final int MAX_KEYS = 1 << 16;
    private static final int MAX_TENSORS = 1 << 18;

    /// The least a tensor takes in the header: a name of one letter, one dimension, type and offset.
    private static final int LEAST_TENSOR = 8 + 1 + 4 + 8 + 4 + 8;

    /// The least a key takes: one letter, a type and a value of one byte.
    private static final int LEAST_KEY = 8 + 1 + 4 + 1;

    /// @throws dev.excitor.runtime.ExcitorException.MalformedFile when anything is not as it must be
    /// @throws Unsupported for another version, byte order or tensor type
    static GgufHeader read(Path path, SeekableByteChannel channel) throws IOException {
        var cursor = new GgufCursor(path, channel);
        checkMagic(cursor);
        int version = version(cursor);
        int tensorCount = cursor.count("the number of tensors", LEAST_TENSOR, MAX_TENSORS);
        int keyCount = cursor.count("the number of metadata keys", LEAST_KEY, MAX_KEYS);
        var values = GgufValues.read(cursor, keyCount);
        // Everything the metadata needs has been walked, so look-ups see these bytes only.
        var metadata = new GgufMetadata(path, cursor.walked(), values);
        int alignment = alignment(metadata);
        List<GgufTensorInfo> tensors = GgufTensors.read(cursor, tensorCount, alignment);
        return new GgufHeader(path, cursor.size(), version, alignment, metadata, tensors);
    }

    private static void checkMagic(GgufCursor cursor) throws IOException {
        if (cursor.size() == 0) {
            throw cursor.malformed(0, "expected a GGUF file, found an empty one");
        }
        int magic = cursor.i32("the magic");
        if (magic == Integer.reverseBytes(LITTLE_ENDIAN_MAGIC)) {
            throw bigEndian(cursor, 0);
        }
        if (magic != LITTLE_ENDIAN_MAGIC) {
            throw cursor.malformed(
                    0,
                    "the magic: expected 'GGUF' (bytes 47 47 55 46), found bytes " + hex(magic)
                            + "; this is no GGUF file");
        }
    }

    private static int version(GgufCursor cursor) throws IOException {
        int at = cursor.at();
        int version = cursor.i32("the version");
        // Converters that write big-endian files write the magic as it is and swap the version with all the rest.
        if (version != 0 && (version & 0xffff) == 0) {
            throw bigEndian(cursor, at);
        }
        if (version != 2 && version != 3) {
            throw new Unsupported(
                    "%s, byte %d: GGUF version %s (convert the model again with a current converter)"
                            .formatted(cursor.path(), at, Integer.toUnsignedString(version)),
                    List.of("2", "3"));
        }
        return version;
    }

    private static Unsupported bigEndian(GgufCursor cursor, int at) {
        return new Unsupported(
                "%s, byte %d: a big-endian GGUF file (convert it to little-endian first)".formatted(cursor.path(), at),
                List.of("little-endian"));
    }

    private static int alignment(GgufMetadata metadata) {
        Optional<GgufValue> value = metadata.find(ALIGNMENT_KEY);
        if (value.isEmpty()) {
            return DEFAULT_ALIGNMENT;
        }
        if (value.get().array() || value.get().type() != GgufType.UINT32) {
            throw metadata.malformed(ALIGNMENT_KEY, "a uint32", value.get().kind());
        }
        long alignment = metadata.integer(ALIGNMENT_KEY);
        if (Long.bitCount(alignment) != 1 || alignment < 8 || alignment > MAX_ALIGNMENT) {
            throw metadata.malformed(
                    ALIGNMENT_KEY, "a power of two from 8 to " + MAX_ALIGNMENT, Long.toString(alignment));
        }
        return (int) alignment;
    }

    private static String hex(int littleEndian) {
        int bytes = Integer.reverseBytes(littleEndian);
        return "%02x %02x %02x %02x".formatted(bytes >>> 24, bytes >>> 16 & 0xff, bytes >>> 8 & 0xff, bytes & 0xff);
    }
}
