package dev.excitor.runtime.asm;

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
/// It knows what the kernels need and no more. To add an instruction, take its line from the manual and put it beside
/// its kin; a test compares every form with the bytes of a real assembler.
public final class Assembler extends Encoder {

    // Labels and control

    public void bind(Label label) {
        label.bind(position());
    }

    /// A label bound to this place.
    public Label here() {
        Label label = new Label();
        bind(label);
        return label;
    }

    public void jnz(Label target) {
        jump(0x75, target);
    }

    public void jz(Label target) {
        jump(0x74, target);
    }

    /// Unsigned below.
    public void jb(Label target) {
        jump(0x72, target);
    }

    public void jmp(Label target) {
        jump(0xeb, target);
    }

    /// Backwards as short as possible, forwards with a full distance.
    private void jump(int shortOpcode, Label target) {
        if (target.isBound() && target.position() - position() - 2 >= -128) {
            emit(shortOpcode, target.position() - position() - 2);
        } else if (shortOpcode == 0xeb) {
            emit(0xe9);
            reference(target, 0);
        } else {
            emit(0x0f, shortOpcode + 0x10);
            reference(target, 0);
        }
    }

    public void ret() {
        emit(0xc3);
    }

    public void push(Gpr r) {
        if (r.index() > 7) {
            emit(0x41);
        }
        emit(0x50 | (r.index() & 7));
    }

    public void pop(Gpr r) {
        if (r.index() > 7) {
            emit(0x41);
        }
        emit(0x58 | (r.index() & 7));
    }

    public void cpuid() {
        emit(0x0f, 0xa2);
    }

    public void xgetbv() {
        emit(0x0f, 0x01, 0xd0);
    }

    public void vzeroupper() {
        emit(0xc5, 0xf8, 0x77);
    }

    /// Asks for the line of an address, into all levels of cache.
    public void prefetcht0(Mem m) {
        integer(0x0f18, 1, m, false, 0);
    }

    // General purpose registers

    public void mov(Gpr d, Gpr s) {
        integer(0x89, s.index(), d, d.bits() == 64);
    }

    public void mov(Gpr d, Mem s) {
        integer(0x8b, d.index(), s, d.bits() == 64, 0);
    }

    public void mov(Mem d, Gpr s) {
        integer(0x89, s.index(), d, s.bits() == 64, 0);
    }

    public void mov(Gpr d, int value) {
        if (d.bits() == 64) {
            integer(0xc7, 0, d, true);
        } else {
            if (d.index() > 7) {
                emit(0x41);
            }
            emit(0xb8 | (d.index() & 7));
        }
        emit32(value);
    }

    public void lea(Gpr d, Mem s) {
        integer(0x8d, d.index(), s, d.bits() == 64, 0);
    }

    /// A 16-bit word, zero-extended.
    public void movzxw(Gpr d, Mem s) {
        integer(0x0fb7, d.index(), s, d.bits() == 64, 0);
    }

    public void imul(Gpr d, Gpr s) {
        integer(0x0faf, d.index(), s, d.bits() == 64);
    }

    public void add(Gpr d, Gpr s) {
        integer(0x01, s.index(), d, d.bits() == 64);
    }

    public void add(Gpr d, int value) {
        arithmetic(0, d, value);
    }

    public void add(Gpr d, Mem s) {
        integer(0x03, d.index(), s, d.bits() == 64, 0);
    }

    public void or(Gpr d, Gpr s) {
        integer(0x09, s.index(), d, d.bits() == 64);
    }

    public void and(Gpr d, Gpr s) {
        integer(0x21, s.index(), d, d.bits() == 64);
    }

    public void and(Gpr d, int value) {
        arithmetic(4, d, value);
    }

    public void sub(Gpr d, Gpr s) {
        integer(0x29, s.index(), d, d.bits() == 64);
    }

    public void sub(Gpr d, int value) {
        arithmetic(5, d, value);
    }

    public void xor(Gpr d, Gpr s) {
        integer(0x31, s.index(), d, d.bits() == 64);
    }

    public void cmp(Gpr d, Gpr s) {
        integer(0x39, s.index(), d, d.bits() == 64);
    }

    public void cmp(Gpr d, int value) {
        arithmetic(7, d, value);
    }

    public void test(Gpr d, Gpr s) {
        integer(0x85, s.index(), d, d.bits() == 64);
    }

    public void dec(Gpr d) {
        integer(0xff, 1, d, d.bits() == 64);
    }

    public void shl(Gpr d, int count) {
        shift(4, d, count);
    }

    public void shr(Gpr d, int count) {
        shift(5, d, count);
    }

    /// A shift by one has an opcode of its own, a byte shorter.
    private void shift(int operation, Gpr d, int count) {
        if (count == 1) {
            integer(0xd1, operation, d, d.bits() == 64);
        } else {
            integer(0xc1, operation, d, d.bits() == 64);
            emit(count);
        }
    }

    private void arithmetic(int operation, Gpr d, int value) {
        if (value >= -128 && value <= 127) {
            integer(0x83, operation, d, d.bits() == 64);
            emit(value);
        } else if (d.index() == 0) {
            if (d.bits() == 64) {
                emit(0x48);
            }
            emit(operation << 3 | 5);
            emit32(value);
        } else {
            integer(0x81, operation, d, d.bits() == 64);
            emit32(value);
        }
    }

    // Moves

    public void vmovups(Vec d, Operand s) {
        if (s instanceof Vec v && isShorterAsStore(d, v)) {
            vector(BOTH, NP, M0F, 0x11, v, 0, d, FULL);
        } else {
            vector(BOTH, NP, M0F, 0x10, d, 0, s, FULL);
        }
    }

    public void vmovups(Mem d, Vec s) {
        vector(BOTH, NP, M0F, 0x11, s, 0, d, FULL);
    }

    public void vmovaps(Vec d, Vec s) {
        if (isShorterAsStore(d, s)) {
            vector(BOTH, NP, M0F, 0x29, s, 0, d, FULL);
        } else {
            vector(BOTH, NP, M0F, 0x28, d, 0, s, FULL);
        }
    }

    /// Whether a move between registers fits the VEX prefix of two bytes only as a store, which extends the number of
    /// its source instead of its destination.
    private static boolean isShorterAsStore(Vec d, Vec s) {
        return d.bits() < 512 && d.mask() == 0 && d.index() < 8 && s.index() >= 8 && s.index() < 16;
    }

    public void vmovss(Mem d, Vec s) {
        vector(BOTH, PF3, M0F, 0x11, s.x(), 0, d, -4);
    }

    public void vmovd(Vec d, Gpr s) {
        vector(BOTH, P66, M0F, 0x6e, d, 0, Vec.xmm(s.index()), -4);
    }

    /// 64 bits of a general purpose register, the rest zero.
    public void vmovq(Vec d, Gpr s) {
        vex(P66, M0F, true, false, d.index(), 0, Vec.xmm(s.index()));
        emit(0x6e);
        operand(d.index(), Vec.xmm(s.index()), 1, 0);
    }

    public void vpinsrq(Vec d, Vec a, Gpr s, int element) {
        vex(P66, M3A, true, false, d.index(), a.index(), Vec.xmm(s.index()));
        emit(0x22);
        operand(d.index(), Vec.xmm(s.index()), 1, 1);
        emit(element);
    }

    public void vbroadcastss(Vec d, Operand s) {
        vector(BOTH, P66, M38, 0x18, d, 0, s, -4);
    }

    public void vpbroadcastd(Vec d, Operand s) {
        vector(BOTH, P66, M38, 0x58, d, 0, s, -4);
    }

    public void vpbroadcastw(Vec d, Operand s) {
        vector(BOTH, P66, M38, 0x79, d, 0, s, -2);
    }

    public void vbroadcasti32x4(Vec d, Mem s) {
        vector(EVEX, P66, M38, 0x5a, d, 0, s, -16);
    }

    public void vbroadcasti64x4(Vec d, Mem s) {
        vector(EVEX | EVEX_W, P66, M38, 0x5b, d, 0, s, -32);
    }

    public void vinserti64x4(Vec d, Vec a, Operand s, int half) {
        vector(EVEX | EVEX_W, P66, M3A, 0x3a, d, a.index(), s, -32, half);
    }

    public void vextracti64x4(Vec d, Vec s, int half) {
        vector(EVEX | EVEX_W, P66, M3A, 0x3b, s, 0, d, -32, half);
    }

    public void vextracti32x4(Vec d, Vec s, int quarter) {
        vector(EVEX, P66, M3A, 0x39, s, 0, d, -16, quarter);
    }

    // Integers

    public void vpandd(Vec d, Vec a, Operand b) {
        vector(EVEX, P66, M0F, 0xdb, d, a.index(), b, FULL);
    }

    public void vpord(Vec d, Vec a, Operand b) {
        vector(EVEX, P66, M0F, 0xeb, d, a.index(), b, FULL);
    }

    public void vpxord(Vec d, Vec a, Operand b) {
        vector(EVEX, P66, M0F, 0xef, d, a.index(), b, FULL);
    }

    /// Any function of three bits: bit `4 d + 2 a + b` of `table`.
    public void vpternlogd(Vec d, Vec a, Operand b, int table) {
        vector(EVEX, P66, M3A, 0x25, d, a.index(), b, FULL, table);
    }

    public void vpaddb(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M0F, 0xfc, d, a.index(), b, FULL);
    }

    public void vpaddd(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M0F, 0xfe, d, a.index(), b, FULL);
    }

    public void vpsubd(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M0F, 0xfa, d, a.index(), b, FULL);
    }

    public void vpmaxsd(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M38, 0x3d, d, a.index(), b, FULL);
    }

    public void vpsrlw(Vec d, Vec s, int count) {
        vector(BOTH, P66, M0F, 0x71, new Vec(2, d.bits(), d.mask(), d.zeroing()), d.index(), s, FULL, count);
    }

    public void vpsrld(Vec d, Vec s, int count) {
        vector(BOTH, P66, M0F, 0x72, new Vec(2, d.bits(), d.mask(), d.zeroing()), d.index(), s, FULL, count);
    }

    public void vpslld(Vec d, Vec s, int count) {
        vector(BOTH, P66, M0F, 0x72, new Vec(6, d.bits(), d.mask(), d.zeroing()), d.index(), s, FULL, count);
    }

    /// Each word by its own count.
    public void vpsrlvw(Vec d, Vec a, Operand counts) {
        vector(EVEX | EVEX_W, P66, M38, 0x10, d, a.index(), counts, FULL);
    }

    public void vpsllvw(Vec d, Vec a, Operand counts) {
        vector(EVEX | EVEX_W, P66, M38, 0x12, d, a.index(), counts, FULL);
    }

    public void vpsrlvd(Vec d, Vec a, Operand counts) {
        vector(BOTH, P66, M38, 0x45, d, a.index(), counts, FULL);
    }

    /// Adds to each 32-bit lane of `d` the four products of unsigned bytes of `a` with signed bytes of `b`.
    public void vpdpbusd(Vec d, Vec a, Operand b) {
        vector(EVEX, P66, M38, 0x50, d, a.index(), b, FULL);
    }

    public void vpmovzxbd(Vec d, Operand s) {
        vector(BOTH, P66, M38, 0x31, d, 0, s, QUARTER);
    }

    public void vpmovsxbd(Vec d, Operand s) {
        vector(BOTH, P66, M38, 0x21, d, 0, s, QUARTER);
    }

    public void vpmovzxwd(Vec d, Operand s) {
        vector(BOTH, P66, M38, 0x33, d, 0, s, HALF);
    }

    /// The lowest byte of each 32-bit lane.
    public void vpmovdb(Operand d, Vec s) {
        vector(EVEX, PF3, M38, 0x31, s, 0, d, QUARTER);
    }

    // Order

    public void vpshufb(Vec d, Vec a, Operand indices) {
        vector(BOTH, P66, M38, 0x00, d, a.index(), indices, FULL);
    }

    public void vpermps(Vec d, Vec indices, Operand s) {
        vector(BOTH, P66, M38, 0x16, d, indices.index(), s, FULL);
    }

    public void vpshufd(Vec d, Operand s, int order) {
        vector(BOTH, P66, M0F, 0x70, d, 0, s, FULL, order);
    }

    public void vpunpckldq(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M0F, 0x62, d, a.index(), b, FULL);
    }

    public void vpunpckhdq(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M0F, 0x6a, d, a.index(), b, FULL);
    }

    public void vpunpcklqdq(Vec d, Vec a, Operand b) {
        vector(BOTH | EVEX_W, P66, M0F, 0x6c, d, a.index(), b, FULL);
    }

    public void vpunpckhqdq(Vec d, Vec a, Operand b) {
        vector(BOTH | EVEX_W, P66, M0F, 0x6d, d, a.index(), b, FULL);
    }

    public void vshufi32x4(Vec d, Vec a, Operand b, int order) {
        vector(EVEX, P66, M3A, 0x43, d, a.index(), b, FULL, order);
    }

    // Floats

    public void vaddps(Vec d, Vec a, Operand b) {
        vector(BOTH, NP, M0F, 0x58, d, a.index(), b, FULL);
    }

    public void vsubps(Vec d, Vec a, Operand b) {
        vector(BOTH, NP, M0F, 0x5c, d, a.index(), b, FULL);
    }

    public void vmulps(Vec d, Vec a, Operand b) {
        vector(BOTH, NP, M0F, 0x59, d, a.index(), b, FULL);
    }

    public void vdivps(Vec d, Vec a, Operand b) {
        vector(BOTH, NP, M0F, 0x5e, d, a.index(), b, FULL);
    }

    /// `d += a b`, rounded once.
    public void vfmadd231ps(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M38, 0xb8, d, a.index(), b, FULL);
    }

    /// `d -= a b`, rounded once.
    public void vfnmadd231ps(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M38, 0xbc, d, a.index(), b, FULL);
    }

    public void vcvtdq2ps(Vec d, Operand s) {
        vector(BOTH, NP, M0F, 0x5b, d, 0, s, FULL);
    }

    /// To the nearest integer, ties to even; 0x8000_0000 where there is none.
    public void vcvtps2dq(Vec d, Operand s) {
        vector(BOTH, P66, M0F, 0x5b, d, 0, s, FULL);
    }

    public void vcvtph2ps(Vec d, Operand s) {
        vector(BOTH, P66, M38, 0x13, d, 0, s, HALF);
    }

    // Masks

    public void kmovw(OpMask k, Gpr s) {
        vex(NP, M0F, false, false, k.index(), 0, Vec.xmm(s.index()));
        emit(0x92);
        operand(k.index(), Vec.xmm(s.index()), 1, 0);
    }

    public void kmovd(OpMask k, Gpr s) {
        vex(PF2, M0F, false, false, k.index(), 0, Vec.xmm(s.index()));
        emit(0x92);
        operand(k.index(), Vec.xmm(s.index()), 1, 0);
    }

    public void kmovd(OpMask k, Mem s) {
        vex(P66, M0F, true, false, k.index(), 0, s);
        emit(0x90);
        operand(k.index(), s, 1, 0);
    }

    /// The lower halves of two masks: `b` below, `a` above.
    public void kunpckdq(OpMask k, OpMask a, OpMask b) {
        vex(NP, M0F, true, true, k.index(), a.index(), Vec.xmm(b.index()));
        emit(0x4b);
        operand(k.index(), Vec.xmm(b.index()), 1, 0);
    }

    /// Which bytes of `a` and `b` have a bit in common.
    public void vptestmb(OpMask k, Vec a, Operand b) {
        vector(EVEX, P66, M38, 0x26, new Vec(k.index(), a.bits(), 0, false), a.index(), b, FULL);
    }

    /// Which 32-bit lanes of `a` and `b` have a bit in common.
    public void vptestmd(OpMask k, Vec a, Operand b) {
        vector(EVEX, P66, M38, 0x27, new Vec(k.index(), a.bits(), 0, false), a.index(), b, FULL);
    }
}
