package dev.excitor.runtime.kernel.avx512;

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

/// Products of float weight rows, as they lie in the file, with one row of f32 activations. Takes the arguments of
/// [RowKernel].
final class FloatRowKernel {

    /// How 16 weights become floats.
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

    /// Columns of a turn of the loop: four accumulators hide the latency of the sums.
    static final int STEP = 64;

    private static final int AHEAD = 2048;

    private FloatRowKernel() {}

    /// @param cols of the matrix, whole steps
    static byte[] assemble(Kind kind, int cols) {
        Assembler a = new Assembler();
        a.mov(RSI, at(RDI, RowKernel.W));
        a.mov(RDX, at(RDI, RowKernel.ROWS));
        a.mov(RCX, at(RDI, RowKernel.X));
        a.mov(R8, at(RDI, RowKernel.Y));
        Label row = a.here();
        for (int i = 0; i < 4; i++) {
            a.vpxord(Vec.zmm(i), Vec.zmm(i), Vec.zmm(i));
        }
        a.mov(R11, RCX);
        a.mov(R10.lower(), cols / STEP);
        Label next = a.here();
        for (int line = 0; line < STEP * kind.bytes; line += 64) {
            a.prefetcht0(at(RSI, AHEAD + line));
        }
        for (int i = 0; i < 4; i++) {
            Vec weights = Vec.zmm(4 + i);
            kind.load(a, weights, i * 16 * kind.bytes);
            a.vfmadd231ps(Vec.zmm(i), weights, at(R11, i * 64));
        }
        a.add(RSI, STEP * kind.bytes);
        a.add(R11, STEP * Float.BYTES);
        a.dec(R10.lower());
        a.jnz(next);
        a.vaddps(Vec.zmm(0), Vec.zmm(0), Vec.zmm(2));
        a.vaddps(Vec.zmm(1), Vec.zmm(1), Vec.zmm(3));
        LaneSum.of(a, Vec.zmm(0), Vec.zmm(1));
        a.vmovss(at(R8), Vec.xmm(0));
        a.add(R8, Float.BYTES);
        a.dec(RDX);
        a.jnz(row);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }
}
