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
/// It knows what the kernels need and no more. Integers and jumps are in [IntegerAssembler], tiles in [TileAssembler],
/// moves in [MoveAssembler], arithmetic on vectors is here. To add an instruction, take its line from the manual and
/// put it beside its kin; a test compares every form with the bytes of a real assembler.
///
/// Operands that an instruction does not have are an [IllegalArgumentException].
public final class Assembler extends MoveAssembler {

    public Assembler() {
        this(true);
    }

    private Assembler(boolean avx512) {
        super(avx512);
    }

    /// Refuses every instruction that only processors with AVX-512 have.
    public static Assembler withoutAvx512() {
        return new Assembler(false);
    }

    // Bits

    public void vpand(Vec d, Vec a, Operand b) {
        vector(VEX, P66, M0F, 0xdb, d, a, b, FULL_MEM);
    }

    public void vpandd(Vec d, Vec a, Operand b) {
        vector(EVEX, P66, M0F, 0xdb, d, a, b, FULL);
    }

    public void vpor(Vec d, Vec a, Operand b) {
        vector(VEX, P66, M0F, 0xeb, d, a, b, FULL_MEM);
    }

    public void vpord(Vec d, Vec a, Operand b) {
        vector(EVEX, P66, M0F, 0xeb, d, a, b, FULL);
    }

    public void vpxor(Vec d, Vec a, Operand b) {
        vector(VEX, P66, M0F, 0xef, d, a, b, FULL_MEM);
    }

    public void vpxord(Vec d, Vec a, Operand b) {
        vector(EVEX, P66, M0F, 0xef, d, a, b, FULL);
    }

    /// Any function of three bits: bit `4 d + 2 a + b` of `table`.
    public void vpternlogd(Vec d, Vec a, Operand b, int table) {
        vector(EVEX, P66, M3A, 0x25, d, a, b, FULL, table);
    }

    public void vpsllw(Vec d, Vec s, int count) {
        shift(0x71, 6, d, s, FULL_MEM, count);
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

    /// Fills with the sign.
    public void vpsrad(Vec d, Vec s, int count) {
        shift(0x72, 4, d, s, FULL, count);
    }

    /// The rest of the opcode is where other instructions name their destination, which moves to the second operand.
    private void shift(int opcode, int extension, Vec d, Vec s, Tuple tuple, int count) {
        Vec reg = new Vec(extension, d.bits(), d.mask(), d.zeroing());
        vector(BOTH, P66, M0F, opcode, reg, d.unmasked(), s, tuple, count);
    }

    /// Each 32-bit lane, rotated left by its own count.
    public void vprolvd(Vec d, Vec a, Operand counts) {
        vector(EVEX, P66, M38, 0x15, d, a, counts, FULL);
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

    public void vpsrlvq(Vec d, Vec a, Operand counts) {
        vector(BOTH | VEX_W | EVEX_W, P66, M38, 0x45, d, a, counts, FULL);
    }

    // Integers

    public void vpaddb(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M0F, 0xfc, d, a, b, FULL_MEM);
    }

    public void vpaddw(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M0F, 0xfd, d, a, b, FULL_MEM);
    }

    public void vpaddd(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M0F, 0xfe, d, a, b, FULL);
    }

    public void vpsubb(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M0F, 0xf8, d, a, b, FULL_MEM);
    }

    public void vpsubw(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M0F, 0xf9, d, a, b, FULL_MEM);
    }

    public void vpsubd(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M0F, 0xfa, d, a, b, FULL);
    }

    /// The lower 32 bits of each product.
    public void vpmulld(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M38, 0x40, d, a, b, FULL);
    }

    public void vpmaxsd(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M38, 0x3d, d, a, b, FULL);
    }

    public void vpabsb(Vec d, Operand s) {
        vector(BOTH, P66, M38, 0x1c, d, s, FULL_MEM);
    }

    /// All bits of each byte where `a` and `b` are equal, none where they differ.
    public void vpcmpeqb(Vec d, Vec a, Operand b) {
        vector(VEX, P66, M0F, 0x74, d, a, b, FULL_MEM);
    }

    /// All bits of each 32-bit lane where `a` is greater than `b`, none elsewhere; with signs.
    public void vpcmpgtd(Vec d, Vec a, Operand b) {
        vector(VEX, P66, M0F, 0x66, d, a, b, FULL_MEM);
    }

    /// Each byte of `a`, times the sign of that of `b`.
    public void vpsignb(Vec d, Vec a, Operand b) {
        vector(VEX, P66, M38, 0x08, d, a, b, FULL_MEM);
    }

    /// Sums of two products of unsigned bytes of `a` with signed bytes of `b`, saturated to 16 bits.
    public void vpmaddubsw(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M38, 0x04, d, a, b, FULL_MEM);
    }

    /// Sums of two products of signed words, as 32 bits.
    public void vpmaddwd(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M0F, 0xf5, d, a, b, FULL_MEM);
    }

    /// Adds to each 32-bit lane of `d` the four products of unsigned bytes of `a` with signed bytes of `b`.
    public void vpdpbusd(Vec d, Vec a, Operand b) {
        vector(EVEX, P66, M38, 0x50, d, a, b, FULL);
    }

    /// [#vpdpbusd] as processors with AVX-VNNI have it, without AVX-512: `{vex} vpdpbusd`.
    public void vpdpbusdVex(Vec d, Vec a, Operand b) {
        vector(VEX, P66, M38, 0x50, d, a, b, FULL_MEM);
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

    /// `b` where one of both is no number.
    public void vmaxps(Vec d, Vec a, Operand b) {
        vector(BOTH, NP, M0F, 0x5f, d, a, b, FULL);
    }

    /// `b` where one of both is no number.
    public void vminps(Vec d, Vec a, Operand b) {
        vector(BOTH, NP, M0F, 0x5d, d, a, b, FULL);
    }

    /// Sums of neighbours, those of `a` in the lower and those of `b` in the upper half of every 128 bits.
    public void vhaddps(Vec d, Vec a, Operand b) {
        vector(VEX, PF2, M0F, 0x7c, d, a, b, FULL_MEM);
    }

    /// All bits of each lane where `a` and `b` compare so, none elsewhere; predicates as below.
    public void vcmpps(Vec d, Vec a, Operand b, int predicate) {
        vector(VEX, NP, M0F, 0xc2, d, a, b, FULL_MEM, predicate);
    }

    /// Each lane of `b` where the highest bit of that of `choice` is set, of `a` elsewhere.
    public void vblendvps(Vec d, Vec a, Operand b, Vec choice) {
        require(choice.bits() == d.bits() && choice.index() < 16, "the choice is a register of the same size");
        vector(VEX, P66, M3A, 0x4a, d, a, b, FULL_MEM, choice.index() << 4);
    }

    /// `d += a b`, rounded once.
    public void vfmadd231ps(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M38, 0xb8, d, a, b, FULL);
    }

    /// `d = a d + b`, rounded once.
    public void vfmadd213ps(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M38, 0xa8, d, a, b, FULL);
    }

    /// `d -= a b`, rounded once.
    public void vfnmadd231ps(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M38, 0xbc, d, a, b, FULL);
    }

    /// `d += a b` in double precision.
    public void vfmadd231pd(Vec d, Vec a, Operand b) {
        vector(BOTH | VEX_W | EVEX_W, P66, M38, 0xb8, d, a, b, FULL_MEM);
    }

    /// Adds to each 32-bit lane of `d` the two products of brain floats of `a` and `b`.
    public void vdpbf16ps(Vec d, Vec a, Operand b) {
        vector(EVEX, PF3, M38, 0x52, d, a, b, FULL);
    }

    /// `a` times two to the power of `b`, which is rounded down.
    public void vscalefps(Vec d, Vec a, Operand b) {
        vector(EVEX, P66, M38, 0x2c, d, a, b, FULL);
    }

    /// Rounds: to the nearest integer where `control` is 0, down where it is 1, up at 2, towards zero at 3.
    public void vrndscaleps(Vec d, Operand s, int control) {
        vector(EVEX, P66, M3A, 0x08, d, s, FULL, control);
    }

    /// As [#vrndscaleps], which AVX-512 has instead.
    public void vroundps(Vec d, Operand s, int control) {
        vector(VEX, P66, M3A, 0x08, d, s, FULL_MEM, control);
    }

    // Conversions

    public void vcvtps2pd(Vec d, Operand s) {
        vector(BOTH, NP, M0F, 0x5a, d, s, HALF_MEM);
    }

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

    /// To half precision: to nearest, ties to even, where `rounding` is 0.
    public void vcvtps2ph(Operand d, Vec s, int rounding) {
        vector(BOTH | STORE, P66, M3A, 0x1d, s, d, HALF_MEM, rounding);
    }

    /// To brain floats, half as wide: to nearest, ties to even.
    public void vcvtneps2bf16(Vec d, Vec s) {
        require(d.bits() == HALF_MEM.registerBits(s.bits()), "the destination has half the size of the source");
        vector(EVEX, PF3, M38, 0x72, d.resized(s.bits()), s, FULL);
    }

    /// To brain floats, the numbers of `b` below those of `a`: to nearest, ties to even; subnormal ones become zero.
    public void vcvtne2ps2bf16(Vec d, Vec a, Operand b) {
        vector(EVEX, PF2, M38, 0x72, d, a, b, FULL);
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
        requireAvx512();
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

    /// Which signed 32-bit lanes of `a` and `b` compare so: equal at 0, less at 1, less or equal at 2, and the
    /// opposites from 4 on.
    public void vpcmpd(OpMask k, Vec a, Operand b, int predicate) {
        vector(EVEX, P66, M3A, 0x1f, k.asVec(a.bits()), a, b, FULL, predicate);
    }

    /// Which lanes of `a` and `b` compare so: equal at 0, less at 1, less or equal at 2, one of them no number at 3,
    /// and the opposites from 4 on.
    public void vcmpps(OpMask k, Vec a, Operand b, int predicate) {
        vector(EVEX, NP, M0F, 0xc2, k.asVec(a.bits()), a, b, FULL, predicate);
    }
}
