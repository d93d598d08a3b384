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
/// floats at a time, sums in a fixed order.
///
/// ```text
/// zmm 0..15   sums                                                     ymm 0..7
/// zmm 16..19  one number for all lanes, what an operation loses        ymm 8..11
/// zmm 27..31  constants                                                ymm 12..15
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

    /// Registers of a query that are summed at once.
    private static final int QUERY_SUMS = 8;

    private static final int MOST_DIM = 128;
    private static final int MOST_PROMPTS = 64;
    private static final int MOST_RANK = 32;

    private static final OpMask SOME = OpMask.K1;

    private final Registers registers;
    private final Listing k;
    private final Assembler a;
    private final Block block;
    private final int ranks;
    private final int promptRegisters;
    private final int dims;
    private final int line;
    private final int mostSums;
    private final Vec same;
    private final Vec lost;
    private final Vec lostToo;

    ExtraKeysKernel(Block block, Registers registers) {
        this.registers = registers;
        this.k = new Listing(registers);
        this.a = k.asm();
        this.block = block;
        this.ranks = count(block.rank(), registers);
        this.promptRegisters = count(block.prompts(), registers);
        this.dims = block.dim() / registers.lanes();
        this.line = registers.bytes();
        this.mostSums = registers.isWide() ? 16 : 8;
        this.same = registers.get(mostSums);
        this.lost = registers.get(registers.isWide() ? 17 : 10);
        this.lostToo = registers.get(registers.isWide() ? 18 : 11);
    }

    /// Registers that hold so many floats.
    static int count(int floats, Registers registers) {
        return (floats + registers.lanes() - 1) / registers.lanes();
    }

    /// Whether there are registers enough.
    static boolean takes(Block block, Registers registers) {
        return block.dim() % registers.lanes() == 0
                && block.dim() <= MOST_DIM
                && block.prompts() <= MOST_PROMPTS
                && block.rank() <= MOST_RANK
                && block.width() % 4 == 0;
    }

    /// How often so many sums are kept side by side, to hide the latency of each: four times where there is room.
    private int turns(int sums) {
        return Math.clamp(Integer.highestOneBit(mostSums / sums), 1, 4);
    }

    private Vec sum(int i) {
        return registers.get(i);
    }

    /// A register behind those that hold all weights of the softmax.
    private Vec free(int i) {
        return registers.get(MOST_PROMPTS / registers.lanes() + i);
    }

    /// `z = W_down x` for COUNT rows of x: W_down transposed, `[C][r]`, r padded to whole registers, as are rows of z.
    byte[] project() {
        int turns = turns(ranks); // columns in flight
        a.mov(RSI, at(RDI, X));
        a.mov(R8, at(RDI, OUT));
        a.mov(R9, at(RDI, COUNT));
        Label row = a.here();
        a.mov(RDX, at(RDI, WEIGHTS));
        a.mov(RCX.lower(), block.width() / turns);
        zero(turns * ranks);
        Label next = a.here();
        for (int turn = 0; turn < turns; turn++) {
            a.vbroadcastss(same, at(RSI, 4 * turn));
            for (int i = 0; i < ranks; i++) {
                a.vfmadd231ps(sum(turn * ranks + i), same, at(RDX, line * (turn * ranks + i)));
            }
        }
        a.add(RSI, 4 * turns);
        a.add(RDX, line * turns * ranks);
        a.dec(RCX.lower());
        a.jnz(next);
        for (int i = 0; i < ranks; i++) {
            addUp(i, ranks, turns);
            a.vmovups(at(R8, line * i), sum(i));
        }
        a.add(R8, line * ranks);
        a.dec(R9);
        a.jnz(row);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /// Whether [#projectRows] has code for this block.
    static boolean takesRows(Block block, Registers registers) {
        return block.width() % registers.lanes() == 0;
    }

    /// `z = W_down x` for one row of x, COUNT times [#ROWS] rows of W_down, which lie one behind another.
    byte[] projectRows() {
        int rowBytes = 4 * block.width();
        a.mov(R8, at(RDI, OUT));
        a.mov(R9, at(RDI, COUNT));
        a.mov(RDX, at(RDI, WEIGHTS));
        Label rows = a.here();
        a.mov(RSI, at(RDI, X));
        a.mov(RCX.lower(), block.width() / registers.lanes());
        zero(ROWS);
        Label next = a.here();
        a.vmovups(same, at(RSI, 0));
        for (int row = 0; row < ROWS; row++) {
            a.vfmadd231ps(sum(row), same, at(RDX, row * rowBytes));
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
        a.add(RSI, line * ranks);
        a.add(R8, 4 * block.heads() * (result == Result.WEIGHTS ? block.prompts() : block.dim()));
        a.dec(R9);
        a.jnz(token);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /// e = W_up z, to SCRATCH.
    private void query() {
        for (int first = 0; first < dims; first += QUERY_SUMS) {
            int some = Math.min(QUERY_SUMS, dims - first);
            zero(some);
            for (int r = 0; r < block.rank(); r++) {
                a.vbroadcastss(same, at(RSI, 4 * r));
                for (int i = 0; i < some; i++) {
                    a.vfmadd231ps(sum(i), same, at(RDX, 4 * r * block.extra() + line * (first + i)));
                }
            }
            for (int i = 0; i < some; i++) {
                a.vmovups(at(R10, line * (first + i)), sum(i));
            }
        }
    }

    /// The scores of all prompts, in the first registers.
    private void scores() {
        int turns = turns(promptRegisters);
        zero(turns * promptRegisters);
        for (int d = 0; d < block.dim(); d++) {
            a.vbroadcastss(same, at(R10, 4 * d));
            for (int i = 0; i < promptRegisters; i++) {
                a.vfmadd231ps(sum(d % turns * promptRegisters + i), same, at(RCX, line * (d * promptRegisters + i)));
            }
        }
        for (int i = 0; i < promptRegisters; i++) {
            addUp(i, promptRegisters, turns);
            a.vmulps(sum(i), sum(i), k.memory(Constants.floats(block.scale())));
            int first = i * registers.lanes();
            // what pads the prompts gets no weight
            a.vaddps(
                    sum(i),
                    sum(i),
                    k.memory(Constants.ints(lane ->
                            first + lane < block.prompts() ? 0 : Float.floatToRawIntBits(Float.NEGATIVE_INFINITY))));
        }
    }

    /// The weights, in the first registers.
    private void softmax(Exponential exp) {
        Vec max = free(0);
        Vec sum = free(1);
        a.vmovaps(max, sum(0));
        for (int i = 1; i < promptRegisters; i++) {
            a.vmaxps(max, max, sum(i));
        }
        LaneMax.of(a, max, lost);
        if (!registers.isWide()) {
            a.vbroadcastss(max, max.x());
        }
        Sums.clear(a, sum);
        for (int i = 0; i < promptRegisters; i++) {
            a.vsubps(sum(i), sum(i), max);
            exp.of(sum(i), lost, lostToo);
            a.vaddps(sum, sum, sum(i));
        }
        Vec nothing = free(2);
        Sums.clear(a, nothing);
        Sums.ofLanes(a, sum, nothing);
        a.vbroadcastss(sum, sum.x());
        for (int i = 0; i < promptRegisters; i++) {
            a.vdivps(sum(i), sum(i), sum);
        }
    }

    private void storeWeights() {
        for (int i = 0; i < promptRegisters; i++) {
            int left = Math.min(registers.lanes(), block.prompts() - i * registers.lanes());
            if (left == registers.lanes()) {
                a.vmovups(at(R8, line * i), sum(i));
            } else if (registers.isWide()) {
                a.mov(RAX.lower(), (1 << left) - 1);
                a.kmovw(SOME, RAX.lower());
                a.vmovups(at(R8, line * i), sum(i).under(SOME));
            } else {
                a.vmovups(lost, k.memory(Constants.ints(lane -> lane < left ? -1 : 0)));
                a.vmaskmovps(at(R8, line * i), lost, sum(i));
            }
        }
    }

    /// k' = sum of the weighted prompts, then where it belongs.
    private void key(Result result) {
        int most = mostSums / 2;
        for (int i = 0; i < promptRegisters; i++) {
            a.vmovups(at(R10, line * i), sum(i));
        }
        for (int first = 0; first < dims; first += most) {
            key(result, first, Math.min(most, dims - first));
        }
    }

    /// Some registers of it.
    private void key(Result result, int first, int some) {
        zero(2 * some);
        for (int p = 0; p < block.prompts(); p++) {
            a.vbroadcastss(same, at(R10, 4 * p));
            for (int i = 0; i < some; i++) {
                a.vfmadd231ps(sum(p % 2 * some + i), same, at(R11, 4 * p * block.dim() + line * (first + i)));
            }
        }
        for (int i = 0; i < some; i++) {
            addUp(i, some, 2);
            if (result == Result.ADDED_KEYS) {
                a.vmovups(same, at(RAX, line * (first + i)));
                a.vfmadd213ps(sum(i), same, at(R8, line * (first + i)));
            }
            a.vmovups(at(R8, line * (first + i)), sum(i));
        }
    }

    private void zero(int registers) {
        for (int i = 0; i < registers; i++) {
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
