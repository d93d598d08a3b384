package dev.excitor.runtime.kernel.avx512;

import static dev.excitor.runtime.asm.Gpr.R10;
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
import dev.excitor.runtime.asm.Vec;

/// The loops of the operations between matrix products, over whole registers of 16 floats.
final class RowOps {

    // the arguments, eight bytes each; what each loop does with them stands there
    static final int A = 0;
    static final int B = 8;
    static final int OUT = 16;
    static final int COUNT = 24;
    static final int FACTOR = 32;
    static final int HEADS = 32;
    static final int SKIP = 40;

    /// Where [#sumOfSquares] leaves eight doubles.
    static final int SUMS = 64;

    private static final Vec Z0 = Vec.zmm(0);
    private static final Vec Z1 = Vec.zmm(1);
    private static final Vec Z2 = Vec.zmm(2);

    private RowOps() {}

    /// `OUT = A + B`, COUNT registers.
    static byte[] add() {
        Assembler a = new Assembler();
        Label next = begin(a);
        a.vmovups(Z0, at(RSI));
        a.vaddps(Z0, Z0, at(RDX));
        a.vmovups(at(R8), Z0);
        advance(a, next);
        return end(a);
    }

    /// `OUT = A FACTOR B`, COUNT registers: a row times its factor times the weights of the norm.
    static byte[] scale() {
        Assembler a = new Assembler();
        a.vbroadcastss(Z1, at(RDI, FACTOR));
        Label next = begin(a);
        a.vmulps(Z0, Z1, at(RSI));
        a.vmulps(Z0, Z0, at(RDX));
        a.vmovups(at(R8), Z0);
        advance(a, next);
        return end(a);
    }

    /// SUMS = eight partial sums of the squares of A, COUNT registers, in double.
    static byte[] sumOfSquares() {
        Assembler a = new Assembler();
        Vec other = Vec.zmm(3);
        a.vpxord(Z2, Z2, Z2);
        a.vpxord(other, other, other);
        Label next = begin(a);
        a.vcvtps2pd(Z0, at(RSI));
        a.vcvtps2pd(Z1, at(RSI, 32));
        a.vfmadd231pd(Z2, Z0, Z0);
        a.vfmadd231pd(other, Z1, Z1);
        advance(a, next);
        a.vmovups(at(RDI, SUMS), Z2);
        a.vmovups(at(RDI, SUMS + 64), other);
        return end(a);
    }

    /// `OUT = A / (1 + e^-A) B`, COUNT registers: silu of the gate times the other branch.
    static byte[] swiGlu() {
        Listing k = new Listing();
        Assembler a = k.asm();
        Exponential exp = new Exponential(k);
        Vec sign = k.constantInts(i -> 0x80000000);
        Vec one = k.constant(Constants.floats(1));
        Label next = begin(a);
        a.vmovups(Z0, at(RSI));
        a.vpxord(Z1, Z0, sign);
        exp.of(Z1, Z2, Vec.zmm(3));
        a.vaddps(Z1, Z1, one);
        a.vdivps(Z0, Z0, Z1);
        a.vmulps(Z0, Z0, at(RDX));
        a.vmovups(at(R8), Z0);
        advance(a, next);
        return end(a);
    }

    /// Rotates the first COUNT registers of each of HEADS heads at A, in place; B has the cosines and, behind them, the
    /// sines. SKIP is the distance in bytes from the end of what is rotated to the next head.
    static byte[] rotate() {
        Assembler a = new Assembler();
        a.mov(RSI, at(RDI, A));
        a.mov(R9, at(RDI, HEADS));
        a.mov(R10, at(RDI, SKIP));
        a.mov(RAX, at(RDI, COUNT));
        a.shl(RAX, 6);
        Label head = a.here();
        a.mov(RDX, at(RDI, B));
        a.mov(RCX, at(RDI, COUNT));
        Label next = a.here();
        a.vmovups(Z0, at(RSI));
        a.vpshufd(Z1, Z0, 0b10_11_00_01); // neighbours swapped
        a.vmulps(Z0, Z0, at(RDX));
        a.vfmadd231ps(Z0, Z1, at(RDX, RAX, 1, 0));
        a.vmovups(at(RSI), Z0);
        a.add(RSI, 64);
        a.add(RDX, 64);
        a.dec(RCX);
        a.jnz(next);
        a.add(RSI, R10);
        a.dec(R9);
        a.jnz(head);
        return end(a);
    }

    private static Label begin(Assembler a) {
        a.mov(RSI, at(RDI, A));
        a.mov(RDX, at(RDI, B));
        a.mov(R8, at(RDI, OUT));
        a.mov(RCX, at(RDI, COUNT));
        return a.here();
    }

    private static void advance(Assembler a, Label next) {
        a.add(RSI, 64);
        a.add(RDX, 64);
        a.add(R8, 64);
        a.dec(RCX);
        a.jnz(next);
    }

    private static byte[] end(Assembler a) {
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }
}
