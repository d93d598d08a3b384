package dev.excitor.runtime;

/// The extent of a matrix, row-major: `rows` x `cols`. A vector is one row.
///
/// GGUF lists dimensions innermost first; readers reverse them, so that `cols` is always the contiguous one.
public record Shape(int rows, int cols) {
    public Shape {
        if (rows <= 0 || cols <= 0) {
            throw new IllegalArgumentException("a shape needs positive extents, not %d x %d".formatted(rows, cols));
        }
    }

    public static Shape vector(int cols) {
        return new Shape(1, cols);
    }

    public long elements() {
        return (long) rows * cols;
    }

    @Override
    public String toString() {
        return rows + "x" + cols;
    }
}
