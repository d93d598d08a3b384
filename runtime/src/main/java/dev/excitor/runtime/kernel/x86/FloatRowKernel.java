package dev.excitor.runtime.kernel.x86;

import static dev.excitor.runtime.asm.Gpr.R10;
import static dev.excitor.runtime.asm.Gpr.R11;
import static dev.excitor.runtime.asm.Gpr.R8;
import static dev.excitor.runtime.asm.Gpr.RCX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RDX;
import static dev.excitor.runtime.asm.Gpr.RSI;
import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.Vec;

/// Products of float weight rows, as they lie in the file, with one row of f32 activations. Takes [RowArguments].
final class FloatRowKernel {

    /// How a register of weights becomes floats.
    enum Kind {
        F32(4) {
            @Override
            void load(Assembler a, Vec target, int at) {
                a.vmovups(target, at(RSI, at));
            }
        },
        F16(2) {
            @Override
            void load(Assembler a, Vec target, int at) {
                a.vcvtph2ps(target, at(RSI, at));
            }
        },
        BF16(2) {
            @Override
            void load(Assembler a, Vec target, int at) {
                a.vpmovzxwd(target, at(RSI, at));
                a.vpslld(target, target, 16);
            }
        };

        private final int bytes;

        Kind(int bytes) {
            this.bytes = bytes;
        }

        abstract void load(Assembler a, Vec target, int at);
    }

    /// They hide the latency of the sums.
    private static final int ACCUMULATORS = 4;

    private FloatRowKernel() {}

    /// Columns of a turn of the loop.
    ///
    /// @param bits of the registers
    static int step(int bits) {
        return ACCUMULATORS * bits / Float.SIZE;
    }

    /// @param cols of the matrix, whole steps
    /// @param bits of the registers, 256 or 512
    static byte[] assemble(Kind kind, int cols, int bits) {
        int step = step(bits);
        int lanes = bits / Float.SIZE;
        Assembler a = bits == 512 ? new Assembler() : Assembler.withoutAvx512();
        a.mov(RSI, at(RDI, RowArguments.W));
        a.mov(RDX, at(RDI, RowArguments.ROWS));
        a.mov(RCX, at(RDI, RowArguments.X));
        a.mov(R8, at(RDI, RowArguments.Y));
        Label row = a.here();
        for (int i = 0; i < ACCUMULATORS; i++) {
            Sums.clear(a, register(i, bits));
        }
        a.mov(R11, RCX);
        a.mov(R10.lower(), cols / step);
        Label next = a.here();
        for (int line = 0; line < step * kind.bytes; line += 64) {
            a.prefetcht0(at(RSI, RowArguments.AHEAD + line));
        }
        for (int i = 0; i < ACCUMULATORS; i++) {
            Vec weights = register(ACCUMULATORS + i, bits);
            kind.load(a, weights, i * lanes * kind.bytes);
            a.vfmadd231ps(register(i, bits), weights, at(R11, i * lanes * Float.BYTES));
        }
        a.add(RSI, step * kind.bytes);
        a.add(R11, step * Float.BYTES);
        a.dec(R10.lower());
        a.jnz(next);
        Vec first = register(0, bits);
        Vec second = register(1, bits);
        a.vaddps(first, first, register(2, bits));
        a.vaddps(second, second, register(3, bits));
        Sums.ofLanes(a, first, second);
        a.vmovss(at(R8), Vec.xmm(0));
        a.add(R8, Float.BYTES);
        a.dec(RDX);
        a.jnz(row);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    private static Vec register(int index, int bits) {
        return new Vec(index, bits, 0, false);
    }
}
