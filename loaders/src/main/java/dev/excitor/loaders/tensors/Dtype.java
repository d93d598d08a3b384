package dev.excitor.loaders.tensors;

import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// The type of a stored tensor's elements, little-endian, in safetensors' spelling.
public enum Dtype {
    BOOL(1),
    U8(1),
    I8(1),
    F8_E4M3(1),
    F8_E5M2(1),
    U16(2),
    I16(2),
    F16(2),
    BF16(2),
    U32(4),
    I32(4),
    F32(4),
    U64(8),
    I64(8),
    F64(8);

    private final int bytes;

    Dtype(int bytes) {
        this.bytes = bytes;
    }

    /// Bytes of an element.
    public int bytes() {
        return bytes;
    }

    /// The number format that the kernels read in place; empty for what they do not.
    public Optional<Format> format() {
        return switch (this) {
            case F32, F16, BF16 -> Optional.of(Formats.of(name()));
            case BOOL, U8, I8, F8_E4M3, F8_E5M2, U16, I16, U32, I32, U64, I64, F64 -> Optional.empty();
        };
    }

    /// By its name in safetensors.
    public static Optional<Dtype> find(String name) {
        return Arrays.stream(values())
                .filter(dtype -> dtype.name().equals(name))
                .findFirst();
    }

    /// The names of those that kernels read in place.
    public static List<String> matrixTypes() {
        return Arrays.stream(values())
                .filter(dtype -> dtype.format().isPresent())
                .map(Dtype::name)
                .toList();
    }

    public static List<String> names() {
        return Arrays.stream(values()).map(Dtype::name).toList();
    }
}
