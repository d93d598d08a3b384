package dev.excitor.loaders.gguf;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The types of a metadata value, in the order of their numbers in the file.
public enum GgufType {
    UINT8(0, 1),
    INT8(1, 1),
    UINT16(2, 2),
    INT16(3, 2),
    UINT32(4, 4),
    INT32(5, 4),
    FLOAT32(6, 4),
    BOOL(7, 1),
    STRING(8, 0),
    ARRAY(9, 0),
    UINT64(10, 8),
    INT64(11, 8),
    FLOAT64(12, 8);

    private static final List<GgufType> ALL = List.of(values());

    private final int number;
    private final int bytes;

    GgufType(int number, int bytes) {
        this.number = number;
        this.bytes = bytes;
    }

    /// The number that stands for it in the file.
    public int number() {
        return number;
    }

    /// Bytes of one value in the file; 0 where it depends on the value.
    public int bytes() {
        return bytes;
    }

    public boolean isInteger() {
        return switch (this) {
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> true;
            case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> false;
        };
    }

    public boolean isFloat() {
        return this == FLOAT32 || this == FLOAT64;
    }

    /// The smallest integer the type holds.
    long min() {
        return switch (this) {
            case INT8, INT16, INT32, INT64 -> -1L << (8 * bytes - 1);
            case UINT8, UINT16, UINT32, UINT64, FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> 0;
        };
    }

    /// The largest integer the type holds, as far as a `long` reaches.
    long max() {
        return switch (this) {
            case INT8, INT16, INT32, INT64 -> -1L >>> (65 - 8 * bytes);
            case UINT8, UINT16, UINT32 -> (1L << (8 * bytes)) - 1;
            case UINT64 -> Long.MAX_VALUE;
            case BOOL -> 1;
            case FLOAT32, FLOAT64, STRING, ARRAY -> 0;
        };
    }

    static Optional<GgufType> of(int number) {
        return ALL.stream().filter(type -> type.number == number).findFirst();
    }

    /// The specification's spelling: `uint32`.
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
