package dev.excitor.runtime.kernel.x86.ops;

import static dev.excitor.runtime.asm.Gpr.R10;
import static dev.excitor.runtime.asm.Gpr.R8;
import static dev.excitor.runtime.asm.Gpr.R9;
import static dev.excitor.runtime.asm.Gpr.RCX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RDX;
import static dev.excitor.runtime.asm.Gpr.RSI;
import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.Operand;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Sums;
import dev.excitor.runtime.ops.ExtraKeys.Block;

/// The first product of an Excitor block, `z = W_down x`; [ExtraKeysKernel] has the arguments, and what follows.
///
/// ```text
/// zmm 0..15   sums                                                     ymm 0..7
/// zmm 16..31  numbers of W_down, one number of x for all lanes         ymm 8..15
/// ```
final class ProjectionKernel {

    /// Rows of W_down that are multiplied at once where there is one row of x.
    static final int ROWS = 4;

    /// Most rows of x that meet W_down together.
    private static final int MOST_TOGETHER = 4;

    private final Registers registers;
    private final Assembler a;
    private final Block block;
    private final int ranks;
    private final int line;
    private final int mostSums;

    ProjectionKernel(Block block, Registers registers) {
        this.registers = registers;
        this.a = registers.assembler();
        this.block = block;
        this.ranks = ExtraKeysKernel.count(block.rank(), registers);
        this.line = registers.bytes();
        this.mostSums = registers.isWide() ? 16 : 8;
    }

    /// `z = W_down x` for COUNT rows of x: W_down transposed, `[C][r]`, r padded to whole registers, as are rows of z.
    ///
    /// Some rows of x together meet each number of W_down once, and what is left one by one, all in the same order, so
    /// that a row's result does not depend on how many there are.
    byte[] project() {
        int together = Math.clamp(mostSums / ranks, 1, MOST_TOGETHER);
        int turns = ExtraKeysKernel.turns(together * ranks, mostSums); // columns in flight
        a.mov(RSI, at(RDI, ExtraKeysKernel.X));
        a.mov(R8, at(RDI, ExtraKeysKernel.OUT));
        a.mov(R9, at(RDI, ExtraKeysKernel.COUNT));
        Label rows = a.here();
        Label last = new Label();
        a.cmp(R9, together);
        a.jl(last);
        project(together, turns);
        a.sub(R9, together);
        a.jmp(rows);
        a.bind(last);
        Label done = new Label();
        Label row = a.here();
        a.test(R9, R9);
        a.jz(done);
        project(1, turns);
        a.dec(R9);
        a.jmp(row);
        a.bind(done);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /// So many rows of x, from RSI on; RSI and R8 move behind what is done.
    private void project(int rows, int turns) {
        int rowBytes = 4 * block.width();
        a.mov(R10, RSI);
        a.mov(RDX, at(RDI, ExtraKeysKernel.WEIGHTS));
        a.mov(RCX.lower(), block.width() / turns);
        zero(rows * turns * ranks);
        Label next = a.here();
        for (int turn = 0; turn < turns; turn++) {
            for (int i = 0; i < ranks; i++) {
                a.vmovups(weights(i), at(RDX, line * (turn * ranks + i)));
            }
            for (int row = 0; row < rows; row++) {
                Vec t = registers.get(mostSums + ranks + row % 2);
                Operand number = registers.all(a, at(R10, row * rowBytes + 4 * turn), t);
                for (int i = 0; i < ranks; i++) {
                    a.vfmadd231ps(sum((row * turns + turn) * ranks + i), weights(i), number);
                }
            }
        }
        a.add(R10, 4 * turns);
        a.add(RDX, line * turns * ranks);
        a.dec(RCX.lower());
        a.jnz(next);
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < ranks; i++) {
                int first = row * turns * ranks + i;
                addUp(first, ranks, turns);
                a.vmovups(at(R8, line * (row * ranks + i)), sum(first));
            }
        }
        a.add(RSI, rows * rowBytes);
        a.add(R8, rows * line * ranks);
    }

    /// A register of W_down's numbers of one column.
    private Vec weights(int i) {
        return registers.get(mostSums + i);
    }

    /// Whether [#projectRows] has code for this block.
    static boolean takesRows(Block block, Registers registers) {
        return block.width() % registers.lanes() == 0;
    }

    /// `z = W_down x` for one row of x, COUNT times [#ROWS] rows of W_down, which lie one behind another.
    byte[] projectRows() {
        int rowBytes = 4 * block.width();
        Vec x = registers.get(mostSums);
        a.mov(R8, at(RDI, ExtraKeysKernel.OUT));
        a.mov(R9, at(RDI, ExtraKeysKernel.COUNT));
        a.mov(RDX, at(RDI, ExtraKeysKernel.WEIGHTS));
        Label rows = a.here();
        a.mov(RSI, at(RDI, ExtraKeysKernel.X));
        a.mov(RCX.lower(), block.width() / registers.lanes());
        zero(ROWS);
        Label next = a.here();
        a.vmovups(x, at(RSI, 0));
        for (int row = 0; row < ROWS; row++) {
            a.vfmadd231ps(sum(row), x, at(RDX, row * rowBytes));
        }
        a.add(RSI, 4 * registers.lanes());
        a.add(RDX, 4 * registers.lanes());
        a.dec(RCX.lower());
        a.jnz(next);
        for (int row = 0; row < ROWS; row++) {
            Vec nothing = sum(ROWS);
            Sums.clear(a, nothing);
            Sums.ofLanes(a, sum(row), nothing);
            a.vmovss(at(R8, 4 * row), sum(row).x());
        }
        a.add(RDX, (ROWS - 1) * rowBytes);
        a.add(R8, 4 * ROWS);
        a.dec(R9);
        a.jnz(rows);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    private Vec sum(int i) {
        return registers.get(i);
    }

    private void zero(int count) {
        for (int i = 0; i < count; i++) {
            Sums.clear(a, sum(i));
        }
    }

    /// Adds what several turns have summed in registers `i`, `i + stride`, … to register i.
    private void addUp(int i, int stride, int turns) {
        for (int turn = 1; turn < turns; turn++) {
            a.vaddps(sum(i), sum(i), sum(turn * stride + i));
        }
    }
}
