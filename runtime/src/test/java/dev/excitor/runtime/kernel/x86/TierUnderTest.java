package dev.excitor.runtime.kernel.x86;

import dev.excitor.runtime.foreign.CpuId.Feature;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.kernel.KernelProvider;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What a folder of kernels in machine code shows the tests that all of them have in common.
public interface TierUnderTest {

    /// What the kernels are assembled from.
    Set<Feature> needed();

    /// Why they cannot run here; empty where they can.
    Optional<String> obstacle();

    /// A provider that runs; whoever asks closes it.
    KernelProvider open();

    /// All formats that are unpacked.
    List<Format> formats();

    /// Columns of a matrix are a multiple of it.
    int unitWeights(Format format);

    int panelRows();

    int panelCols();

    /// The kernel that makes a format's panels; whoever asks closes it.
    Unpacking unpacking(Format format);

    /// A kernel that makes panels.
    interface Unpacking extends AutoCloseable {

        /// Unpacks a panel's rows, which follow each other from the start of `w`; the last stands for those that are
        /// missing. The memory is of exactly the sizes that the kernel is promised.
        PanelWeights unpack(Arena arena, MemorySegment w, int rows, int cols);

        @Override
        void close();
    }
}
