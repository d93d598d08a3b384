package dev.excitor.train.ops;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.ops.RopeTable;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;

/// The way back through a rotation, which is the rotation by the opposite angle.
public final class RopeGradient {

    private RopeGradient() {}

    /// Rotates gradients back, in place; this worker's share of the rows.
    ///
    /// @param dx    `[n, heads * headDim]`, the gradient with respect to rotated rows
    /// @param table filled for the n positions
    public static void input(Worker worker, MemorySegment dx, int n, int heads, int headDim, RopeTable table) {
        int units = n * heads;
        for (int unit = worker.from(units, 1); unit < worker.to(units, 1); unit++) {
            head(dx, 4L * unit * headDim, table, unit / heads);
        }
    }

    /// Rotates one head back.
    ///
    /// @param at  byte of the head's first number
    /// @param row of the table
    public static void head(MemorySegment dx, long at, RopeTable table, int row) {
        for (int pair = 0; pair < table.rotated() / 2; pair++) {
            float cosine = table.cosine(row, pair);
            float sine = table.sine(row, pair);
            float first = Blocks.f32(dx, at + 8L * pair);
            float second = Blocks.f32(dx, at + 8L * pair + 4);
            Blocks.putF32(dx, at + 8L * pair, Math.fma(second, sine, first * cosine));
            Blocks.putF32(dx, at + 8L * pair + 4, Math.fma(first, -sine, second * cosine));
        }
    }
}
