package dev.excitor.runtime.asm;

import static dev.excitor.runtime.asm.Tuple.FULL;
import static dev.excitor.runtime.asm.Tuple.FULL_MEM;
import static dev.excitor.runtime.asm.Tuple.HALF_MEM;

/// Writes x86-64 machine code, an instruction a call, under the names and in the operand order of Intel's manuals:
///
/// ```java
/// Label next = a.here();
/// a.vmovups(zmm(0), at(RDI));
/// a.vpdpbusd(zmm(1), zmm(0), at(RSI));
/// a.add(RDI, 64);
/// a.dec(RCX);
/// a.jnz(next);
/// ```
///
/// It knows what the kernels need and no more. Integers and jumps are in [IntegerAssembler], moves in [MoveAssembler],
/// arithmetic on vectors is here. To add an instruction, take its line from the manual and put it beside its kin; a
/// test
/// compares every form with the bytes of a real assembler.
///
/// Operands that an instruction does not have are an [IllegalArgumentException].
public final class Assembler extends MoveAssembler {

    // Bits

    public void vpandd(Vec d, Vec a, Operand b) {
        vector(EVEX, P66, M0F, 0xdb, d, a, b, FULL);
    }

    public void vpord(Vec d, Vec a, Operand b) {
        vector(EVEX, P66, M0F, 0xeb, d, a, b, FULL);
    }

    public void vpxord(Vec d, Vec a, Operand b) {
        vector(EVEX, P66, M0F, 0xef, d, a, b, FULL);
    }

    /// Any function of three bits: bit `4 d + 2 a + b` of `table`.
    public void vpternlogd(Vec d, Vec a, Operand b, int table) {
        vector(EVEX, P66, M3A, 0x25, d, a, b, FULL, table);
    }

    public void vpsrlw(Vec d, Vec s, int count) {
        shift(0x71, 2, d, s, FULL_MEM, count);
    }

    public void vpslld(Vec d, Vec s, int count) {
        shift(0x72, 6, d, s, FULL, count);
    }

    public void vpsrld(Vec d, Vec s, int count) {
        shift(0x72, 2, d, s, FULL, count);
    }

    /// The rest of the opcode is where other instructions name their destination, which moves to the second operand.
    private void shift(int opcode, int extension, Vec d, Vec s, Tuple tuple, int count) {
        Vec reg = new Vec(extension, d.bits(), d.mask(), d.zeroing());
        vector(BOTH, P66, M0F, opcode, reg, d.unmasked(), s, tuple, count);
    }

    /// Each word by its own count.
    public void vpsllvw(Vec d, Vec a, Operand counts) {
        vector(EVEX | EVEX_W, P66, M38, 0x12, d, a, counts, FULL_MEM);
    }

    public void vpsrlvw(Vec d, Vec a, Operand counts) {
        vector(EVEX | EVEX_W, P66, M38, 0x10, d, a, counts, FULL_MEM);
    }

    public void vpsrlvd(Vec d, Vec a, Operand counts) {
        vector(BOTH, P66, M38, 0x45, d, a, counts, FULL);
    }

    // Integers

    public void vpaddb(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M0F, 0xfc, d, a, b, FULL_MEM);
    }

    public void vpaddd(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M0F, 0xfe, d, a, b, FULL);
    }

    public void vpsubd(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M0F, 0xfa, d, a, b, FULL);
    }

    public void vpmaxsd(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M38, 0x3d, d, a, b, FULL);
    }

    /// Adds to each 32-bit lane of `d` the four products of unsigned bytes of `a` with signed bytes of `b`.
    public void vpdpbusd(Vec d, Vec a, Operand b) {
        vector(EVEX, P66, M38, 0x50, d, a, b, FULL);
    }

    // Floats

    public void vaddps(Vec d, Vec a, Operand b) {
        vector(BOTH, NP, M0F, 0x58, d, a, b, FULL);
    }

    public void vsubps(Vec d, Vec a, Operand b) {
        vector(BOTH, NP, M0F, 0x5c, d, a, b, FULL);
    }

    public void vmulps(Vec d, Vec a, Operand b) {
        vector(BOTH, NP, M0F, 0x59, d, a, b, FULL);
    }

    public void vdivps(Vec d, Vec a, Operand b) {
        vector(BOTH, NP, M0F, 0x5e, d, a, b, FULL);
    }

    /// `d += a b`, rounded once.
    public void vfmadd231ps(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M38, 0xb8, d, a, b, FULL);
    }

    /// `d -= a b`, rounded once.
    public void vfnmadd231ps(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M38, 0xbc, d, a, b, FULL);
    }

    // Conversions

    public void vcvtdq2ps(Vec d, Operand s) {
        vector(BOTH, NP, M0F, 0x5b, d, s, FULL);
    }

    /// To the nearest integer, ties to even; 0x8000_0000 where there is none.
    public void vcvtps2dq(Vec d, Operand s) {
        vector(BOTH, P66, M0F, 0x5b, d, s, FULL);
    }

    public void vcvtph2ps(Vec d, Operand s) {
        vector(BOTH, P66, M38, 0x13, d, s, HALF_MEM);
    }

    // Masks

    public void kmovw(OpMask k, Gpr s) {
        require(s.bits() == 32, "kmovw takes the lower bits of a register of 32");
        mask(NP, false, false, 0x92, k, 0, s.asVec());
    }

    public void kmovd(OpMask k, Gpr s) {
        require(s.bits() == 32, "kmovd moves 32 bits");
        mask(PF2, false, false, 0x92, k, 0, s.asVec());
    }

    public void kmovd(OpMask k, Mem s) {
        require(!s.broadcast(), "this instruction does not broadcast");
        mask(P66, true, false, 0x90, k, 0, s);
    }

    /// The lower halves of two masks: `b` below, `a` above.
    public void kunpckdq(OpMask k, OpMask a, OpMask b) {
        mask(NP, true, true, 0x4b, k, a.index(), b.asVec(128));
    }

    private void mask(int pp, boolean w, boolean wide, int opcode, OpMask k, int v, Operand rm) {
        vex(pp, M0F, w, wide, k.index(), v, rm);
        emit(opcode);
        operand(k.index(), rm, 1, 0);
    }

    /// Which bytes of `a` and `b` have a bit in common.
    public void vptestmb(OpMask k, Vec a, Operand b) {
        vector(EVEX, P66, M38, 0x26, k.asVec(a.bits()), a, b, FULL_MEM);
    }

    /// Which 32-bit lanes of `a` and `b` have a bit in common.
    public void vptestmd(OpMask k, Vec a, Operand b) {
        vector(EVEX, P66, M38, 0x27, k.asVec(a.bits()), a, b, FULL);
    }
}
