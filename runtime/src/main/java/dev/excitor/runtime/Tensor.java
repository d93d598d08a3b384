package dev.excitor.runtime;

import dev.excitor.runtime.format.Format;
import java.lang.foreign.MemorySegment;

/// A named matrix in native memory, read-only, in some number format. Rows are whole blocks, back to back.
///
/// @param name   its name in the checkpoint
/// @param format how the bytes mean numbers
/// @param shape  rows x cols; cols is a multiple of the format's block size
/// @param data   exactly `format.bytes(shape)` bytes, native
public record Tensor(String name, Format format, Shape shape, MemorySegment data) {
    public Tensor {
        if (shape.cols() % format.blockSize() != 0) {
            throw new ExcitorException.Mismatch(
                    name, "rows of whole " + format.name() + " blocks of " + format.blockSize(), shape.toString());
        }
        if (data.byteSize() != format.bytes(shape)) {
            throw new ExcitorException.Mismatch(
                    name, format.bytes(shape) + " bytes for " + shape, data.byteSize() + " bytes");
        }
    }

    /// Bytes from the start of one row to the start of the next.
    public long rowBytes() {
        return format.rowBytes(shape.cols());
    }
}
