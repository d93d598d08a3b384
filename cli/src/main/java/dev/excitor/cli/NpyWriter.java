package dev.excitor.cli;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;

/// Writes a matrix of f32 as a NumPy file, row by row.
///
/// Source: the NPY format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. Version 1.0 holds
/// headers of up to 65,535 bytes; that of a matrix has fewer than 128, so version 2.0 is never needed.
final class NpyWriter {

    private static final byte[] MAGIC_AND_VERSION = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};

    /// The data starts at a multiple of this.
    private static final int ALIGNMENT = 64;

    private final WritableByteChannel channel;

    /// Writes the header.
    ///
    /// @param channel of an empty file; stays open
    NpyWriter(WritableByteChannel channel, int rows, int cols) throws IOException {
        this.channel = channel;
        writeAll(ByteBuffer.wrap(header(rows, cols)));
    }

    /// Writes the next row.
    ///
    /// @param numbers its f32 in the machine's byte order
    void row(MemorySegment numbers) throws IOException {
        writeAll(numbers.asByteBuffer());
    }

    private static byte[] header(int rows, int cols) {
        char order = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? '<' : '>';
        String facts = "{'descr': '%cf4', 'fortran_order': False, 'shape': (%d, %d), }".formatted(order, rows, cols);
        int prefix = MAGIC_AND_VERSION.length + Short.BYTES;
        int bytes = Math.ceilDiv(prefix + facts.length() + 1, ALIGNMENT) * ALIGNMENT;
        String padded = facts + " ".repeat(bytes - prefix - facts.length() - 1) + "\n";
        return ByteBuffer.allocate(bytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(MAGIC_AND_VERSION)
                .putShort((short) padded.length())
                .put(padded.getBytes(StandardCharsets.US_ASCII))
                .array();
    }

    private void writeAll(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
