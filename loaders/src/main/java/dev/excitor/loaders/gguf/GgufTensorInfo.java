package dev.excitor.loaders.gguf;

import dev.excitor.runtime.Shape;
import dev.excitor.runtime.format.Format;

/// A tensor's line in the header, validated.
///
/// @param stacked whether it has more than two dimensions, outer ones of extent 1 aside
/// @param offset first byte, counted from the start of the file
/// @param bytes  its size
/// @param listed the byte of the header where it is listed
record GgufTensorInfo(String name, Format format, Shape shape, boolean stacked, long offset, long bytes, int listed) {
    long end() {
        return offset + bytes;
    }
}
