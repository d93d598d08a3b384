package dev.excitor.loaders.gguf;

import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/// Reads GGUF, versions 2 and 3, little-endian, in one file or split into many.
///
/// Everything is checked before anything is used: each length against the bytes that are there, each offset and extent
/// with arithmetic that cannot wrap, each tensor's place against all others. The header is held in memory, so nothing
/// that happens to the file later can undo a check; the weights are mapped in place, or copied.
///
/// A tensor of more than two dimensions is seen as a matrix: the innermost extent is a row, the product of the others
/// is the number of rows. Gaps between tensors and bytes after the last one are allowed.
public final class GgufReader implements CheckpointReader {

    /// Also what the loader of services calls.
    public GgufReader() {}

    @Override
    public String formatName() {
        return "GGUF";
    }

    /// By the first four bytes, in either byte order, or by the name: an empty or damaged `.gguf` file deserves an
    /// error that says what is wrong with it.
    @Override
    public boolean recognises(Path path) {
        if (!Files.isRegularFile(path)) {
            return false;
        }
        if (String.valueOf(path.getFileName()).endsWith(".gguf")) {
            return true;
        }
        try (InputStream in = Files.newInputStream(path)) {
            byte[] start = in.readNBytes(GgufHeader.MAGIC.length);
            return Arrays.equals(start, GgufHeader.MAGIC) || Arrays.equals(start, GgufHeader.SWAPPED_MAGIC);
        } catch (IOException unreadable) {
            return false;
        }
    }

    /// @param path the file, or any part of a split one; its siblings must lie beside it
    @Override
    public Checkpoint read(Path path, Memory memory) {
        return GgufCheckpoint.open(path, memory);
    }
}
