package dev.excitor.runtime.kernel.x86.ops;

import static dev.excitor.runtime.asm.Gpr.R10;
import static dev.excitor.runtime.asm.Gpr.R11;
import static dev.excitor.runtime.asm.Gpr.R8;
import static dev.excitor.runtime.asm.Gpr.R9;
import static dev.excitor.runtime.asm.Gpr.RAX;
import static dev.excitor.runtime.asm.Gpr.RCX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RDX;
import static dev.excitor.runtime.asm.Gpr.RSI;
import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.OpMask;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;
import dev.excitor.runtime.kernel.x86.Sums;
import dev.excitor.runtime.ops.ExtraKeys.Block;

/// The small products of one shape of Excitor block, see [dev.excitor.runtime.ops.ExtraKeys]: everything a register of
/// 16 floats at a time, sums in a fixed order.
///
/// ```text
/// zmm 0..15   sums
/// zmm 16..19  one number for all lanes, what an operation loses
/// zmm 27..31  constants
/// ```
final class ExtraKeysKernel {

    /// What becomes of the softmax's weights.
    enum Result {
        WEIGHTS,
        KEYS,
        ADDED_KEYS
    }

    // the arguments of both, eight bytes each
    static final int X = 0;
    static final int WEIGHTS = 8;
    static final int OUT = 16;
    static final int COUNT = 24;
    // and of the second one alone
    static final int PROMPT = 32;
    static final int PROMPT_T = 40;
    static final int GATES = 48;
    static final int SCRATCH = 56;

    /// Rows of W_down that are multiplied at once where there is one row of x.
    static final int ROWS = 4;

    private static final int LANES = 16;
    private static final Vec SAME = Vec.zmm(16);
    private static final Vec LOST = Vec.zmm(17);
    private static final Vec LOST_TOO = Vec.zmm(18);

    private static final OpMask SOME = OpMask.K1;

    private final Listing k = new Listing(Registers.ZMM);
    private final Assembler a = k.asm();
    private final Block block;
    private final int ranks;
    private final int promptRegisters;
    private final int dims;

    ExtraKeysKernel(Block block) {
        this.block = block;
        this.ranks = registers(block.rank());
        this.promptRegisters = registers(block.prompts());
        this.dims = block.dim() / LANES;
    }

    /// Registers that hold so many floats.
    static int registers(int floats) {
        return (floats + LANES - 1) / LANES;
    }

    /// Whether there are registers enough.
    static boolean takes(Block block) {
        return block.dim() % LANES == 0
                && block.dim() <= 8 * LANES
                && registers(block.prompts()) <= 4
                && registers(block.rank()) <= 2
                && block.width() % 4 == 0;
    }

    /// `z = W_down x` for COUNT rows of x: W_down transposed, `[C][r]`, r padded to whole registers, as are rows of z.
    byte[] project() {
        int turns = 4; // columns in flight, to hide the latency of a sum
        a.mov(RSI, at(RDI, X));
        a.mov(R8, at(RDI, OUT));
        a.mov(R9, at(RDI, COUNT));
        Label row = a.here();
        a.mov(RDX, at(RDI, WEIGHTS));
        a.mov(RCX.lower(), block.width() / turns);
        zero(turns * ranks);
        Label next = a.here();
        for (int turn = 0; turn < turns; turn++) {
            a.vbroadcastss(SAME, at(RSI, 4 * turn));
            for (int i = 0; i < ranks; i++) {
                a.vfmadd231ps(Vec.zmm(turn * ranks + i), SAME, at(RDX, 64 * (turn * ranks + i)));
            }
        }
        a.add(RSI, 4 * turns);
        a.add(RDX, 64 * turns * ranks);
        a.dec(RCX.lower());
        a.jnz(next);
        for (int i = 0; i < ranks; i++) {
            addUp(i, ranks, turns);
            a.vmovups(at(R8, 64 * i), Vec.zmm(i));
        }
        a.add(R8, 64 * ranks);
        a.dec(R9);
        a.jnz(row);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /// Whether [#projectRows] has code for this block.
    static boolean takesRows(Block block) {
        return block.width() % LANES == 0;
    }

    /// `z = W_down x` for one row of x, COUNT times [#ROWS] rows of W_down, which lie one behind another.
    byte[] projectRows() {
        int rowBytes = 4 * block.width();
        a.mov(R8, at(RDI, OUT));
        a.mov(R9, at(RDI, COUNT));
        a.mov(RDX, at(RDI, WEIGHTS));
        Label rows = a.here();
        a.mov(RSI, at(RDI, X));
        a.mov(RCX.lower(), block.width() / LANES);
        zero(ROWS);
        Label next = a.here();
        a.vmovups(SAME, at(RSI, 0));
        for (int row = 0; row < ROWS; row++) {
            a.vfmadd231ps(Vec.zmm(row), SAME, at(RDX, row * rowBytes));
        }
        a.add(RSI, 4 * LANES);
        a.add(RDX, 4 * LANES);
        a.dec(RCX.lower());
        a.jnz(next);
        for (int row = 0; row < ROWS; row++) {
            Vec nothing = Vec.zmm(ROWS);
            Sums.clear(a, nothing);
            Sums.ofLanes(a, Vec.zmm(row), nothing);
            a.vmovss(at(R8, 4 * row), Vec.zmm(row).x());
        }
        a.add(RDX, (ROWS - 1) * rowBytes);
        a.add(R8, 4 * ROWS);
        a.dec(R9);
        a.jnz(rows);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /// COUNT tokens of one head. X has z, WEIGHTS the head's columns of W_up transposed, PROMPT and PROMPT_T the head's
    /// prompts, `[K][dim]` and `[dim][K]`, K padded; OUT is the head's place in the first token's result.
    byte[] headOf(Result result) {
        Exponential exp = new Exponential(k);
        a.mov(RSI, at(RDI, X));
        a.mov(R8, at(RDI, OUT));
        a.mov(R9, at(RDI, COUNT));
        a.mov(RDX, at(RDI, WEIGHTS));
        a.mov(RCX, at(RDI, PROMPT_T));
        a.mov(R10, at(RDI, SCRATCH));
        a.mov(R11, at(RDI, PROMPT));
        a.mov(RAX, at(RDI, GATES));
        Label token = a.here();
        query();
        scores();
        softmax(exp);
        if (result == Result.WEIGHTS) {
            storeWeights();
        } else {
            key(result);
        }
        a.add(RSI, 64 * ranks);
        a.add(R8, 4 * block.heads() * (result == Result.WEIGHTS ? block.prompts() : block.dim()));
        a.dec(R9);
        a.jnz(token);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /// e = W_up z, to SCRATCH.
    private void query() {
        zero(dims);
        for (int r = 0; r < block.rank(); r++) {
            a.vbroadcastss(SAME, at(RSI, 4 * r));
            for (int i = 0; i < dims; i++) {
                a.vfmadd231ps(Vec.zmm(i), SAME, at(RDX, 4 * r * block.extra() + 64 * i));
            }
        }
        for (int i = 0; i < dims; i++) {
            a.vmovups(at(R10, 64 * i), Vec.zmm(i));
        }
    }

    /// The scores of all prompts, in the first registers.
    private void scores() {
        int turns = 4;
        zero(turns * promptRegisters);
        for (int d = 0; d < block.dim(); d++) {
            a.vbroadcastss(SAME, at(R10, 4 * d));
            for (int i = 0; i < promptRegisters; i++) {
                a.vfmadd231ps(Vec.zmm(d % turns * promptRegisters + i), SAME, at(RCX, 64 * (d * promptRegisters + i)));
            }
        }
        for (int i = 0; i < promptRegisters; i++) {
            addUp(i, promptRegisters, turns);
            a.vmulps(Vec.zmm(i), Vec.zmm(i), k.memory(Constants.floats(block.scale())));
            int first = i * LANES;
            // what pads the prompts gets no weight
            a.vaddps(
                    Vec.zmm(i),
                    Vec.zmm(i),
                    k.memory(Constants.ints(lane ->
                            first + lane < block.prompts() ? 0 : Float.floatToRawIntBits(Float.NEGATIVE_INFINITY))));
        }
    }

    /// The weights, in the first registers.
    private void softmax(Exponential exp) {
        Vec max = Vec.zmm(4);
        Vec sum = Vec.zmm(5);
        a.vmovaps(max, Vec.zmm(0));
        for (int i = 1; i < promptRegisters; i++) {
            a.vmaxps(max, max, Vec.zmm(i));
        }
        LaneMax.of(a, max, LOST);
        Sums.clear(a, sum);
        for (int i = 0; i < promptRegisters; i++) {
            a.vsubps(Vec.zmm(i), Vec.zmm(i), max);
            exp.of(Vec.zmm(i), LOST, LOST_TOO);
            a.vaddps(sum, sum, Vec.zmm(i));
        }
        Vec nothing = Vec.zmm(6);
        Sums.clear(a, nothing);
        Sums.ofLanes(a, sum, nothing);
        a.vbroadcastss(sum, sum.x());
        for (int i = 0; i < promptRegisters; i++) {
            a.vdivps(Vec.zmm(i), Vec.zmm(i), sum);
        }
    }

    private void storeWeights() {
        for (int i = 0; i < promptRegisters; i++) {
            int left = Math.min(LANES, block.prompts() - i * LANES);
            if (left < LANES) {
                a.mov(RAX.lower(), (1 << left) - 1);
                a.kmovw(SOME, RAX.lower());
                a.vmovups(at(R8, 64 * i), Vec.zmm(i).under(SOME));
            } else {
                a.vmovups(at(R8, 64 * i), Vec.zmm(i));
            }
        }
    }

    /// k' = sum of the weighted prompts, then where it belongs.
    private void key(Result result) {
        for (int i = 0; i < promptRegisters; i++) {
            a.vmovups(at(R10, 64 * i), Vec.zmm(i));
        }
        zero(2 * dims);
        for (int p = 0; p < block.prompts(); p++) {
            a.vbroadcastss(SAME, at(R10, 4 * p));
            for (int i = 0; i < dims; i++) {
                a.vfmadd231ps(Vec.zmm(p % 2 * dims + i), SAME, at(R11, 4 * p * block.dim() + 64 * i));
            }
        }
        for (int i = 0; i < dims; i++) {
            addUp(i, dims, 2);
            if (result == Result.ADDED_KEYS) {
                a.vmovups(SAME, at(RAX, 64 * i));
                a.vfmadd213ps(Vec.zmm(i), SAME, at(R8, 64 * i));
            }
            a.vmovups(at(R8, 64 * i), Vec.zmm(i));
        }
    }

    private void zero(int registers) {
        for (int i = 0; i < registers; i++) {
            Sums.clear(a, Vec.zmm(i));
        }
    }

    /// Adds what several turns have summed in registers `i`, `i + stride`, … to register i.
    private void addUp(int i, int stride, int turns) {
        for (int turn = 1; turn < turns; turn++) {
            a.vaddps(Vec.zmm(i), Vec.zmm(i), Vec.zmm(turn * stride + i));
        }
    }
}
