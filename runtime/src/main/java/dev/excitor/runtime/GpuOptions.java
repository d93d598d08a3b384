package dev.excitor.runtime;

import java.nio.file.Path;
import java.util.Optional;

/// Whether and how far an [Engine] uses a GPU. With no layers nothing is looked for and nothing loaded.
///
/// @param layers layers of a model whose products go to the GPU, counted from the top, the output matrix above them as
///               one more; 0 for none
/// @param memory bytes of GPU memory that weights may take, or 0 for all that is free but a reserve
/// @param rows   fewest activation rows of a product that goes there
/// @param cuda   a folder with CUDA's libraries, or the one above it; empty to look where they usually are
public record GpuOptions(int layers, long memory, int rows, Optional<Path> cuda) {

    /// Where a product is expected to pay: moving 32 rows costs some tens of microseconds, multiplying them on a
    /// processor hundreds. Reasoned, see docs/adr/0013-cublas.md, not measured.
    public static final int DEFAULT_ROWS = 32;

    private static final int MOST_ROWS = 1 << 14;

    public GpuOptions {
        if (layers < 0) {
            throw new ExcitorException.InvalidOption("the number of layers on the GPU (-ngl)", "0 or more", layers);
        }
        if (memory < 0) {
            throw new ExcitorException.InvalidOption(
                    "the GPU memory for weights (--gpu-memory)", "0 or more bytes", memory);
        }
        if (rows < 1 || rows > MOST_ROWS) {
            throw new ExcitorException.InvalidOption(
                    "the fewest rows for the GPU (--gpu-rows)", "from 1 to " + MOST_ROWS, rows);
        }
    }

    /// No GPU.
    public static GpuOptions none() {
        return new GpuOptions(0, 0, DEFAULT_ROWS, Optional.empty());
    }

    public GpuOptions withLayers(int value) {
        return new GpuOptions(value, memory, rows, cuda);
    }

    public GpuOptions withMemory(long bytes) {
        return new GpuOptions(layers, bytes, rows, cuda);
    }

    public GpuOptions withRows(int value) {
        return new GpuOptions(layers, memory, value, cuda);
    }

    public GpuOptions withCuda(Path folder) {
        return new GpuOptions(layers, memory, rows, Optional.of(folder));
    }
}
