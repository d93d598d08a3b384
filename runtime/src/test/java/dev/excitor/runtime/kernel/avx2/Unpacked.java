package dev.excitor.runtime.kernel.avx2;

import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.kernel.x86.PanelWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// 8 weight rows as a [PanelKernel] unpacks them.
record Unpacked(WeightCode code, MemorySegment panel) implements PanelWeights {

    /// Unpacks up to 8 rows, which follow each other from the start of `w`; the memory is of exactly the sizes that the
    /// kernel is promised.
    static Unpacked of(Arena arena, MachineCode kernel, WeightCode code, MemorySegment w, int rows, int cols) {
        MemorySegment panel = arena.allocate((long) cols / 32 * Panel.stepBytes(code), 32);
        MemorySegment scratch = arena.allocate(PanelKernel.SCRATCH_BYTES, 64);
        MemorySegment arguments = arena.allocate(56, 8);
        arguments.set(ValueLayout.JAVA_LONG, PanelKernel.W, w.address());
        arguments.set(ValueLayout.JAVA_LONG, PanelKernel.W_STRIDE, w.byteSize() / rows);
        arguments.set(ValueLayout.JAVA_LONG, PanelKernel.LAST_ROW, rows - 1);
        arguments.set(ValueLayout.JAVA_LONG, PanelKernel.UNITS, cols / code.unitWeights());
        arguments.set(ValueLayout.JAVA_LONG, PanelKernel.OUT, panel.address());
        arguments.set(ValueLayout.JAVA_LONG, PanelKernel.SCRATCH, scratch.address());
        arguments.set(ValueLayout.JAVA_LONG, PanelKernel.AHEAD, 0);
        kernel.call(arguments);
        return new Unpacked(code, panel);
    }

    /// The byte of a weight.
    private int q(int row, int col) {
        long at = step(col) + col % 32 / 4 * 32L + 4L * row + col % 4;
        return code.signed() ? Blocks.i8(panel, at) : Blocks.u8(panel, at);
    }

    /// What a weight is a multiple of.
    private float scale(int row, int col) {
        return Blocks.f32(panel, step(col) + Panel.scale(col % 32 / code.group()) + 4L * row);
    }

    @Override
    public boolean affine() {
        return code.affine();
    }

    @Override
    public float min(int row, int col) {
        return Blocks.f32(panel, step(col) + Panel.min(code, col % 32 / code.group()) + 4L * row);
    }

    @Override
    public float product(int row, int col) {
        return scale(row, col) * (q(row, col) - code.zero());
    }

    private long step(int col) {
        return (long) col / 32 * Panel.stepBytes(code);
    }
}
