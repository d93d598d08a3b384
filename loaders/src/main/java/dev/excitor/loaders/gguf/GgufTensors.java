package dev.excitor.loaders.gguf;

import dev.excitor.loaders.file.FileText;
import dev.excitor.runtime.ExcitorException.Unsupported;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;

/// Reads the list of tensors and makes sure that each lies where it may: aligned, inside the file, upon no other.
final class GgufTensors {

    private static final int MAX_DIMENSIONS = 4;

    /// A line as it stands in the file; the data's start is known only after the last line.
    private record Line(String name, Format format, Shape shape, boolean stacked, long offset, int listed) {}

    private final GgufCursor cursor;

    private GgufTensors(GgufCursor cursor) {
        this.cursor = cursor;
    }

    static List<GgufTensorInfo> read(GgufCursor cursor, int count, int alignment) throws IOException {
        var reader = new GgufTensors(cursor);
        var lines = new ArrayList<Line>();
        var names = new HashSet<String>();
        for (int i = 0; i < count; i++) {
            Line line = reader.line(i);
            if (!names.add(line.name)) {
                throw cursor.malformed(
                        line.listed, "tensor %s: expected once, found again".formatted(FileText.quote(line.name)));
            }
            lines.add(line);
        }
        return reader.place(lines, alignment);
    }

    private Line line(int index) throws IOException {
        int listed = cursor.at();
        String name = cursor.name("the name of tensor " + index);
        String tensor = "tensor " + FileText.quote(name);
        int dimensionsAt = cursor.at();
        int dimensions = cursor.i32(tensor);
        if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
            throw cursor.malformed(
                    dimensionsAt,
                    "%s: expected 1 to %d dimensions, found %s"
                            .formatted(tensor, MAX_DIMENSIONS, Integer.toUnsignedString(dimensions)));
        }
        int shapeAt = cursor.at();
        int cols = extent(tensor, 1);
        // Extents beyond the second only count rows: data is contiguous whatever the number of dimensions.
        long rows = 1;
        boolean stacked = false;
        for (int d = 1; d < dimensions; d++) {
            int at = cursor.at();
            int extent = extent(tensor, rows);
            rows *= extent;
            stacked |= d > 1 && extent > 1;
            if (rows > Integer.MAX_VALUE) {
                throw cursor.malformed(
                        at, "%s: expected at most %d rows, found %d".formatted(tensor, Integer.MAX_VALUE, rows));
            }
        }
        Format format = format(tensor);
        if (cols % format.blockSize() != 0) {
            throw cursor.malformed(
                    shapeAt,
                    "%s: expected rows of whole %s blocks of %d, found rows of %d"
                            .formatted(tensor, format.name(), format.blockSize(), cols));
        }
        int offsetAt = cursor.at();
        long offset = cursor.i64(tensor);
        if (offset < 0 || offset > cursor.size()) {
            throw cursor.malformed(
                    offsetAt,
                    "%s: expected an offset inside the file of %d bytes, found %s"
                            .formatted(tensor, cursor.size(), Long.toUnsignedString(offset)));
        }
        return new Line(name, format, new Shape((int) rows, cols), stacked, offset, listed);
    }

    private int extent(String tensor, long others) throws IOException {
        int at = cursor.at();
        long extent = cursor.i64(tensor);
        if (extent < 1 || extent > Integer.MAX_VALUE) {
            throw cursor.malformed(
                    at,
                    "%s: expected an extent from 1 to %d%s, found %s"
                            .formatted(
                                    tensor,
                                    Integer.MAX_VALUE,
                                    others > 1 ? " (after " + others + " rows)" : "",
                                    Long.toUnsignedString(extent)));
        }
        return (int) extent;
    }

    private Format format(String tensor) throws IOException {
        int at = cursor.at();
        int type = cursor.i32(tensor);
        return Formats.find(type)
                .orElseThrow(() -> new Unsupported(
                        "%s, byte %d: %s: its number format, %s,"
                                .formatted(cursor.path(), at, tensor, Formats.nameOf(type)),
                        Formats.names()));
    }

    private List<GgufTensorInfo> place(List<Line> lines, int alignment) {
        long dataAt = Math.ceilDiv(cursor.at(), (long) alignment) * alignment;
        var placed = new ArrayList<GgufTensorInfo>();
        for (Line line : lines) {
            placed.add(place(line, dataAt, alignment));
        }
        checkOverlap(placed);
        return List.copyOf(placed);
    }

    private GgufTensorInfo place(Line line, long dataAt, int alignment) {
        String tensor = "tensor " + FileText.quote(line.name);
        if (line.offset % alignment != 0) {
            throw cursor.malformed(
                    line.listed,
                    "%s: expected an offset that is a multiple of %d, found %d"
                            .formatted(tensor, alignment, line.offset));
        }
        // A shape has at most 2^62 elements, of at most 8 bytes, hence the checked product inside.
        long bytes;
        try {
            bytes = line.format.bytes(line.shape);
        } catch (ArithmeticException overflow) {
            bytes = Long.MAX_VALUE;
        }
        long room = cursor.size() - dataAt - line.offset;
        if (bytes > room) {
            throw cursor.malformed(
                    line.listed,
                    ("%s: expected the %d bytes of %s %s from byte %d on, found that the file ends after %d; "
                                    + "it is truncated, so fetch it again, or its header lies")
                            .formatted(
                                    tensor,
                                    bytes,
                                    line.shape,
                                    line.format.name(),
                                    dataAt + line.offset,
                                    Math.max(0, room)));
        }
        return new GgufTensorInfo(
                line.name, line.format, line.shape, line.stacked, dataAt + line.offset, bytes, line.listed);
    }

    private void checkOverlap(List<GgufTensorInfo> tensors) {
        List<GgufTensorInfo> byOffset = new ArrayList<>(tensors);
        byOffset.sort(Comparator.comparingLong(GgufTensorInfo::offset));
        for (int i = 1; i < byOffset.size(); i++) {
            GgufTensorInfo before = byOffset.get(i - 1);
            GgufTensorInfo tensor = byOffset.get(i);
            if (tensor.offset() < before.end()) {
                throw cursor.malformed(
                        tensor.listed(),
                        "tensor %s: expected data after byte %d, where %s ends, found data at byte %d: they overlap"
                                .formatted(
                                        FileText.quote(tensor.name()),
                                        before.end(),
                                        FileText.quote(before.name()),
                                        tensor.offset()));
            }
        }
    }
}
