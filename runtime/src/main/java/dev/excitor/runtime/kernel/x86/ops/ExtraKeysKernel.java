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
import dev.excitor.runtime.asm.Mem;
import dev.excitor.runtime.asm.OpMask;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;
import dev.excitor.runtime.kernel.x86.Sums;
import dev.excitor.runtime.ops.ExtraKeys.Block;
import java.util.function.IntConsumer;

/// The small products of one shape of Excitor block, see [dev.excitor.runtime.ops.ExtraKeys]: everything a register of
/// floats at a time, sums in a fixed order.
///
/// ```text
/// zmm 0..15   sums                                                     ymm 0..7
/// zmm 16..19  one number for all lanes, what an operation loses        ymm 8..11
/// zmm 27..31  constants                                                ymm 12..15
/// ```
///
/// What follows the first product is short and each step waits for the one before: with AVX-512 two tokens go side by
/// side, each in eight registers of its own and in the order that a token alone has.
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

    /// Registers of sums that a token has after the first product.
    private static final int TOKEN_SUMS = 8;

    /// Bytes of scratch of a token: its query, or its weights.
    private static final int TOKEN_SCRATCH = 512;

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

    /// The first register of the token that instructions are written for.
    private int base;

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
    static int turns(int sums, int room) {
        return Math.clamp(Integer.highestOneBit(room / sums), 1, 4);
    }

    private Vec sum(int i) {
        return registers.get(base + i);
    }

    /// A register behind those that hold all weights of the softmax.
    private Vec free(int i) {
        return registers.get(base + MOST_PROMPTS / registers.lanes() + i);
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
        Label last = new Label();
        int together = mostSums / TOKEN_SUMS;
        if (together > 1) {
            Label some = a.here();
            a.cmp(R9, together);
            a.jl(last);
            tokens(together, exp, result);
            a.sub(R9, together);
            a.jmp(some);
        }
        a.bind(last);
        Label done = new Label();
        Label token = a.here();
        a.test(R9, R9);
        a.jz(done);
        tokens(1, exp, result);
        a.dec(R9);
        a.jmp(token);
        a.bind(done);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /// So many tokens, from RSI on; RSI and R8 move behind what is done.
    private void tokens(int count, Exponential exp, Result result) {
        query(count);
        scores(count);
        each(count, token -> softmax(exp));
        if (result == Result.WEIGHTS) {
            each(count, this::storeWeights);
        } else {
            key(count, result);
        }
        a.add(RSI, count * line * ranks);
        a.add(R8, count * outBytes(result));
    }

    /// Writes the same for each token, in its registers.
    private void each(int count, IntConsumer code) {
        for (int token = 0; token < count; token++) {
            base = token * TOKEN_SUMS;
            code.accept(token);
        }
        base = 0;
    }

    /// Bytes from a head's result of one token to that of the next.
    private int outBytes(Result result) {
        return 4 * block.heads() * (result == Result.WEIGHTS ? block.prompts() : block.dim());
    }

    /// e = W_up z, to SCRATCH.
    private void query(int count) {
        for (int first = 0; first < dims; first += TOKEN_SUMS) {
            query(count, first, Math.min(TOKEN_SUMS, dims - first));
        }
    }

    /// Some registers of it.
    private void query(int count, int first, int some) {
        each(count, token -> zero(some));
        for (int r = 0; r < block.rank(); r++) {
            int rank = r;
            each(count, token -> {
                a.vbroadcastss(same, at(RSI, token * line * ranks + 4 * rank));
                for (int i = 0; i < some; i++) {
                    a.vfmadd231ps(sum(i), same, at(RDX, 4 * rank * block.extra() + line * (first + i)));
                }
            });
        }
        each(count, token -> {
            for (int i = 0; i < some; i++) {
                a.vmovups(scratch(token, line * (first + i)), sum(i));
            }
        });
    }

    private static Mem scratch(int token, int at) {
        return at(R10, token * TOKEN_SCRATCH + at);
    }

    /// The scores of all prompts, in the first registers.
    private void scores(int count) {
        int turns = turns(promptRegisters, TOKEN_SUMS);
        each(count, token -> zero(turns * promptRegisters));
        for (int d = 0; d < block.dim(); d++) {
            int channel = d;
            each(count, token -> {
                a.vbroadcastss(same, scratch(token, 4 * channel));
                for (int i = 0; i < promptRegisters; i++) {
                    Mem prompts = at(RCX, line * (channel * promptRegisters + i));
                    a.vfmadd231ps(sum(channel % turns * promptRegisters + i), same, prompts);
                }
            });
        }
        each(count, token -> {
            for (int i = 0; i < promptRegisters; i++) {
                addUp(i, promptRegisters, turns);
                a.vmulps(sum(i), sum(i), k.memory(Constants.floats(block.scale())));
                int first = i * registers.lanes();
                // what pads the prompts gets no weight
                a.vaddps(
                        sum(i),
                        sum(i),
                        k.memory(Constants.ints(lane -> first + lane < block.prompts()
                                ? 0
                                : Float.floatToRawIntBits(Float.NEGATIVE_INFINITY))));
            }
        });
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

    private void storeWeights(int token) {
        int out = token * outBytes(Result.WEIGHTS);
        for (int i = 0; i < promptRegisters; i++) {
            int left = Math.min(registers.lanes(), block.prompts() - i * registers.lanes());
            Mem to = at(R8, out + line * i);
            if (left == registers.lanes()) {
                a.vmovups(to, sum(i));
            } else if (registers.isWide()) {
                a.mov(RAX.lower(), (1 << left) - 1);
                a.kmovw(SOME, RAX.lower());
                a.vmovups(to, sum(i).under(SOME));
            } else {
                a.vmovups(lost, k.memory(Constants.ints(lane -> lane < left ? -1 : 0)));
                a.vmaskmovps(to, lost, sum(i));
            }
        }
    }

    /// k' = sum of the weighted prompts, then where it belongs.
    private void key(int count, Result result) {
        int most = TOKEN_SUMS / 2;
        each(count, token -> {
            for (int i = 0; i < promptRegisters; i++) {
                a.vmovups(scratch(token, line * i), sum(i));
            }
        });
        for (int first = 0; first < dims; first += most) {
            key(count, result, first, Math.min(most, dims - first));
        }
    }

    /// Some registers of it.
    private void key(int count, Result result, int first, int some) {
        each(count, token -> zero(2 * some));
        for (int p = 0; p < block.prompts(); p++) {
            int prompt = p;
            each(count, token -> {
                a.vbroadcastss(same, scratch(token, 4 * prompt));
                for (int i = 0; i < some; i++) {
                    Mem channels = at(R11, 4 * prompt * block.dim() + line * (first + i));
                    a.vfmadd231ps(sum(prompt % 2 * some + i), same, channels);
                }
            });
        }
        each(count, token -> {
            for (int i = 0; i < some; i++) {
                Mem key = at(R8, token * outBytes(result) + line * (first + i));
                addUp(i, some, 2);
                if (result == Result.ADDED_KEYS) {
                    a.vmovups(same, at(RAX, line * (first + i)));
                    a.vfmadd213ps(sum(i), same, key);
                }
                a.vmovups(key, sum(i));
            }
        });
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
