package dev.excitor.loaders.tensors;

import dev.excitor.runtime.ExcitorException.Mismatch;
import dev.excitor.runtime.ExcitorException.Unsupported;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/// A tensor as a file keeps it: any number of dimensions, any type of element.
///
/// @param name  its name in the file
/// @param shape extents, outermost first; none for a single number
/// @param data  the elements, row-major without gaps, little-endian, of any alignment; read-only
public record StoredTensor(String name, Dtype dtype, List<Long> shape, MemorySegment data) {

    /// @throws Mismatch when the data is not as large as shape and type demand
    public StoredTensor {
        shape = List.copyOf(shape);
        OptionalLong bytes = bytes(dtype, shape);
        if (bytes.isEmpty()) {
            throw new Mismatch("tensor " + name, "extents of 0 and more, fewer than 2^63 bytes", extents(shape));
        }
        if (data.byteSize() != bytes.getAsLong()) {
            throw new Mismatch(
                    "tensor " + name,
                    "%d bytes for %s of %s".formatted(bytes.getAsLong(), extents(shape), dtype),
                    data.byteSize() + " bytes");
        }
    }

    /// Bytes of a tensor; empty where an extent is negative or the product does not fit into 63 bits.
    public static OptionalLong bytes(Dtype dtype, List<Long> shape) {
        long bytes = dtype.bytes();
        for (long extent : shape) {
            if (extent < 0 || Math.multiplyHigh(bytes, extent) != 0 || bytes * extent < 0) {
                return OptionalLong.empty();
            }
            bytes *= extent;
        }
        return OptionalLong.of(bytes);
    }

    /// Whether it has more than two dimensions, outer ones of extent 1 aside.
    public boolean isStacked() {
        return shape.stream().limit(Math.max(0, shape.size() - 2)).anyMatch(extent -> extent > 1);
    }

    /// The same bytes as the matrix that kernels read: the innermost extent is a row, the product of the others the
    /// number of rows.
    ///
    /// @param name the matrix's name in the model
    /// @throws Unsupported when the kernels do not read the type
    /// @throws Mismatch    when an extent is 0 or beyond 2^31
    public Tensor asMatrix(String name) {
        var format = dtype.format()
                .orElseThrow(() ->
                        new Unsupported("tensor %s: its type %s".formatted(this.name, dtype), Dtype.matrixTypes()));
        long cols = shape.isEmpty() ? 1 : shape.getLast();
        long rows = cols == 0 ? 0 : data.byteSize() / dtype.bytes() / cols;
        if (rows < 1 || rows > Integer.MAX_VALUE || cols > Integer.MAX_VALUE) {
            throw new Mismatch("tensor " + this.name, "a matrix with rows and columns below 2^31", extents(shape));
        }
        return new Tensor(name, format, new Shape((int) rows, (int) cols), data);
    }

    /// `[300, 4096]`, for people.
    public String extents() {
        return extents(shape);
    }

    private static String extents(List<Long> shape) {
        return shape.stream().map(String::valueOf).collect(Collectors.joining(", ", "[", "]"));
    }
}
