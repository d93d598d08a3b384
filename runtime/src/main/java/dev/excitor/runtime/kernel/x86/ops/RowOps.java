package dev.excitor.runtime.kernel.x86.ops;

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
import dev.excitor.runtime.kernel.x86.Constants;
import dev.excitor.runtime.kernel.x86.Sums;

/// The loops of the operations between matrix products, over whole registers.
final class RowOps {

    // the arguments, eight bytes each; what each loop does with them stands there
    static final int A = 0;
    static final int B = 8;
    static final int OUT = 16;
    static final int COUNT = 24;
    static final int FACTOR = 32;
    static final int HEADS = 32;
    static final int SKIP = 40;

    /// Where [#sumOfSquares] leaves its sums.
    static final int SUMS = 64;

    private final Registers registers;
    private final Vec v0;
    private final Vec v1;
    private final Vec v2;
    private final Vec v3;

    RowOps(Registers registers) {
        this.registers = registers;
        this.v0 = registers.get(0);
        this.v1 = registers.get(1);
        this.v2 = registers.get(2);
        this.v3 = registers.get(3);
    }

    /// `OUT = A + B`, COUNT registers.
    byte[] add() {
        Assembler a = registers.assembler();
        Label next = begin(a);
        a.vmovups(v0, at(RSI));
        a.vaddps(v0, v0, at(RDX));
        a.vmovups(at(R8), v0);
        advance(a, next);
        return end(a);
    }

    /// `OUT = A FACTOR B`, COUNT registers: a row times its factor times the weights of the norm.
    byte[] scale() {
        Assembler a = registers.assembler();
        a.vbroadcastss(v1, at(RDI, FACTOR));
        Label next = begin(a);
        a.vmulps(v0, v1, at(RSI));
        a.vmulps(v0, v0, at(RDX));
        a.vmovups(at(R8), v0);
        advance(a, next);
        return end(a);
    }

    /// SUMS = partial sums of the squares of A, COUNT registers, in double: as many as floats in a register.
    byte[] sumOfSquares() {
        Assembler a = registers.assembler();
        Sums.clear(a, v2);
        Sums.clear(a, v3);
        Label next = begin(a);
        a.vcvtps2pd(v0, at(RSI));
        a.vcvtps2pd(v1, at(RSI, registers.bytes() / 2));
        a.vfmadd231pd(v2, v0, v0);
        a.vfmadd231pd(v3, v1, v1);
        advance(a, next);
        a.vmovups(at(RDI, SUMS), v2);
        a.vmovups(at(RDI, SUMS + registers.bytes()), v3);
        return end(a);
    }

    /// `OUT = A / (1 + e^-A) B`, COUNT registers: silu of the gate times the other branch.
    byte[] swiGlu() {
        Listing k = new Listing(registers);
        Assembler a = k.asm();
        Exponential exp = new Exponential(k);
        Vec sign = k.constant(Constants.ints(i -> 0x80000000));
        Vec one = k.constant(Constants.floats(1));
        Label next = begin(a);
        a.vmovups(v0, at(RSI));
        registers.xor(a, v1, v0, sign);
        exp.of(v1, v2, v3);
        a.vaddps(v1, v1, one);
        a.vdivps(v0, v0, v1);
        a.vmulps(v0, v0, at(RDX));
        a.vmovups(at(R8), v0);
        advance(a, next);
        return end(a);
    }

    /// Rotates the first COUNT registers of each of HEADS heads at A, in place; B has the cosines and, behind them, the
    /// sines. SKIP is the distance in bytes from the end of what is rotated to the next head.
    byte[] rotate() {
        Assembler a = registers.assembler();
        a.mov(RSI, at(RDI, A));
        a.mov(R9, at(RDI, HEADS));
        a.mov(R10, at(RDI, SKIP));
        a.mov(RAX, at(RDI, COUNT));
        a.shl(RAX, Integer.numberOfTrailingZeros(registers.bytes()));
        Label head = a.here();
        a.mov(RDX, at(RDI, B));
        a.mov(RCX, at(RDI, COUNT));
        Label next = a.here();
        a.vmovups(v0, at(RSI));
        a.vpshufd(v1, v0, 0b10_11_00_01); // neighbours swapped
        a.vmulps(v0, v0, at(RDX));
        a.vfmadd231ps(v0, v1, at(RDX, RAX, 1, 0));
        a.vmovups(at(RSI), v0);
        a.add(RSI, registers.bytes());
        a.add(RDX, registers.bytes());
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

    private void advance(Assembler a, Label next) {
        a.add(RSI, registers.bytes());
        a.add(RDX, registers.bytes());
        a.add(R8, registers.bytes());
        a.dec(RCX);
        a.jnz(next);
    }

    private byte[] end(Assembler a) {
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }
}
