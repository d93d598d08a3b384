package dev.excitor.loaders.gguf;

import dev.excitor.runtime.Shape;
import dev.excitor.runtime.format.Format;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.SequencedMap;

/// Writes one file: header, padding, data.
final class GgufPartWriter {

    private static final int WRITTEN_AT_ONCE = 4 << 20;

    /// A tensor to be written and the maker of its rows.
    record Source(String name, Format format, Shape shape, GgufWriter.Rows rows) {
        long bytes() {
            return format.bytes(shape);
        }

        long rowBytes() {
            return format.rowBytes(shape.cols());
        }
    }

    private final WritableByteChannel channel;
    private final int alignment;

    GgufPartWriter(WritableByteChannel channel, int alignment) {
        this.channel = channel;
        this.alignment = alignment;
    }

    /// @param values key to type and value, as they stand in the file
    void write(int version, SequencedMap<String, byte[]> values, List<Source> sources) throws IOException {
        var header = new GgufBytes()
                .raw(GgufHeader.MAGIC)
                .i32(version)
                .i64(sources.size())
                .i64(values.size());
        values.forEach((key, typedValue) -> header.string(key).raw(typedValue));
        long offset = 0;
        for (Source source : sources) {
            list(header, source, offset);
            offset += padded(source.bytes());
        }
        write(ByteBuffer.wrap(header.align(alignment).toArray()));
        for (Source source : sources) {
            data(source);
        }
    }

    private static void list(GgufBytes header, Source source, long offset) {
        header.string(source.name);
        if (source.shape.rows() == 1) {
            header.i32(1).i64(source.shape.cols());
        } else {
            header.i32(2).i64(source.shape.cols()).i64(source.shape.rows());
        }
        header.i32(source.format.ggmlType()).i64(offset);
    }

    private void data(Source source) throws IOException {
        int rows = source.shape.rows();
        int rowsAtOnce = Math.clamp(WRITTEN_AT_ONCE / source.rowBytes(), 1, rows);
        // Shared, since a maker of rows may have threads that share the work.
        try (Arena arena = Arena.ofShared()) {
            MemorySegment chunk = arena.allocate(rowsAtOnce * source.rowBytes(), Long.BYTES);
            for (int row = 0; row < rows; row += rowsAtOnce) {
                int count = Math.min(rowsAtOnce, rows - row);
                MemorySegment part = chunk.asSlice(0, count * source.rowBytes());
                source.rows.write(row, count, part);
                write(part.asByteBuffer());
            }
        }
        write(ByteBuffer.allocate((int) (padded(source.bytes()) - source.bytes())));
    }

    private long padded(long bytes) {
        return Math.multiplyExact(Math.ceilDiv(bytes, (long) alignment), (long) alignment);
    }

    private void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
