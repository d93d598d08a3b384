package dev.excitor.runtime.kernel.avx512;

import dev.excitor.runtime.foreign.CpuId.Feature;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.kernel.KernelProvider;
import dev.excitor.runtime.kernel.x86.PanelWeights;
import dev.excitor.runtime.kernel.x86.TierUnderTest;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The kernels of this folder, for the tests that all folders have in common.
public final class Avx512Tier implements TierUnderTest {

    @Override
    public Set<Feature> needed() {
        return Avx512Provider.NEEDED;
    }

    @Override
    public Optional<String> obstacle() {
        return Avx512Provider.obstacle();
    }

    @Override
    public KernelProvider open() {
        return Avx512Provider.open(true);
    }

    @Override
    public List<Format> formats() {
        return WeightCodes.all().stream().map(code -> Formats.of(code.format())).toList();
    }

    @Override
    public int unitWeights(Format format) {
        return WeightCodes.find(format).orElseThrow().unitWeights();
    }

    @Override
    public int panelRows() {
        return Panel.ROWS;
    }

    @Override
    public int panelCols() {
        return Panel.COLS;
    }

    @Override
    public Unpacking unpacking(Format format) {
        WeightCode code = WeightCodes.find(format).orElseThrow();
        MachineCode kernel = new MachineCode(PanelKernel.assemble(code));
        return new Unpacking() {
            @Override
            public PanelWeights unpack(Arena arena, MemorySegment w, int rows, int cols) {
                return Unpacked.of(arena, kernel, code, w, rows, cols);
            }

            @Override
            public void close() {
                kernel.close();
            }
        };
    }
}
