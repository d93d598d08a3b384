package dev.excitor.runtime.asm;

import static dev.excitor.runtime.asm.Tuple.BYTES_16;
import static dev.excitor.runtime.asm.Tuple.BYTES_2;
import static dev.excitor.runtime.asm.Tuple.BYTES_32;
import static dev.excitor.runtime.asm.Tuple.BYTES_4;
import static dev.excitor.runtime.asm.Tuple.BYTES_8;
import static dev.excitor.runtime.asm.Tuple.FULL;
import static dev.excitor.runtime.asm.Tuple.FULL_MEM;
import static dev.excitor.runtime.asm.Tuple.HALF_MEM;
import static dev.excitor.runtime.asm.Tuple.QUARTER_MEM;

/// Moves of vectors and of their parts, in new orders and widths.
abstract class MoveAssembler extends TileAssembler {

    MoveAssembler(boolean avx512) {
        super(avx512);
    }

    // Whole registers

    public void vmovups(Vec d, Operand s) {
        if (s instanceof Vec v && isShorterAsStore(d, v)) {
            vector(BOTH | STORE, NP, M0F, 0x11, v, d, FULL_MEM);
        } else {
            vector(BOTH, NP, M0F, 0x10, d, s, FULL_MEM);
        }
    }

    public void vmovups(Mem d, Vec s) {
        vector(BOTH | STORE, NP, M0F, 0x11, s, d, FULL_MEM);
    }

    /// The 32-bit lanes whose highest bit is set in `choice`; other memory is not touched.
    public void vmaskmovps(Mem d, Vec choice, Vec s) {
        vector(VEX | STORE, P66, M38, 0x2e, s, choice, d, FULL_MEM);
    }

    /// The 32-bit lanes whose highest bit is set in `choice`, zero in the others; other memory is not touched.
    public void vmaskmovps(Vec d, Vec choice, Mem s) {
        vector(VEX, P66, M38, 0x2c, d, choice, s, FULL_MEM);
    }

    public void vmovaps(Vec d, Vec s) {
        if (isShorterAsStore(d, s)) {
            vector(BOTH | STORE, NP, M0F, 0x29, s, d, FULL_MEM);
        } else {
            vector(BOTH, NP, M0F, 0x28, d, s, FULL_MEM);
        }
    }

    /// Whether a move between registers fits the VEX prefix of two bytes only as a store, which extends the number of
    /// its source instead of its destination.
    private static boolean isShorterAsStore(Vec d, Vec s) {
        return d.bits() < 512 && d.mask() == 0 && d.index() < 8 && s.index() >= 8 && s.index() < 16;
    }

    public void vzeroupper() {
        emit(0xc5, 0xf8, 0x77);
    }

    // Single elements

    /// The rest of the register becomes zero.
    public void vmovss(Vec d, Mem s) {
        vector(BOTH | XMM_ONLY, PF3, M0F, 0x10, d, s, BYTES_4);
    }

    public void vmovss(Mem d, Vec s) {
        vector(BOTH | XMM_ONLY | STORE, PF3, M0F, 0x11, s, d, BYTES_4);
    }

    /// 32 bits of a general purpose register, the rest zero.
    public void vmovd(Vec d, Gpr s) {
        require(s.bits() == 32, "vmovd moves 32 bits");
        vector(BOTH | XMM_ONLY | UNMASKED, P66, M0F, 0x6e, d, s.asVec(), BYTES_4);
    }

    /// 64 bits of a general purpose register, the rest zero.
    public void vmovq(Vec d, Gpr s) {
        require(s.bits() == 64, "vmovq moves 64 bits");
        vector(VEX | VEX_W | XMM_ONLY, P66, M0F, 0x6e, d, s.asVec(), BYTES_8);
    }

    /// 64 bits of memory, the rest zero.
    public void vmovq(Vec d, Mem s) {
        vector(VEX | XMM_ONLY, PF3, M0F, 0x7e, d, s, BYTES_8);
    }

    public void vmovq(Mem d, Vec s) {
        vector(VEX | XMM_ONLY | STORE, P66, M0F, 0xd6, s, d, BYTES_8);
    }

    public void vpinsrq(Vec d, Vec a, Gpr s, int element) {
        require(s.bits() == 64, "vpinsrq moves 64 bits");
        vector(VEX | VEX_W | XMM_ONLY, P66, M3A, 0x22, d, a, s.asVec(), BYTES_8, element);
    }

    /// One 16-bit word.
    public void vpextrw(Mem d, Vec s, int element) {
        vector(BOTH | XMM_ONLY | STORE | UNMASKED, P66, M3A, 0x15, s, d, BYTES_2, element);
    }

    // Parts and copies

    public void vbroadcastss(Vec d, Operand s) {
        vector(BOTH, P66, M38, 0x18, d, s, BYTES_4);
    }

    public void vpbroadcastd(Vec d, Operand s) {
        vector(BOTH, P66, M38, 0x58, d, s, BYTES_4);
    }

    public void vpbroadcastw(Vec d, Operand s) {
        vector(BOTH, P66, M38, 0x79, d, s, BYTES_2);
    }

    public void vbroadcasti128(Vec d, Mem s) {
        vector(VEX, P66, M38, 0x5a, d, s, BYTES_16);
    }

    public void vbroadcasti32x4(Vec d, Mem s) {
        vector(EVEX, P66, M38, 0x5a, d, s, BYTES_16);
    }

    public void vbroadcasti64x4(Vec d, Mem s) {
        vector(EVEX | EVEX_W, P66, M38, 0x5b, d, s, BYTES_32);
    }

    public void vinserti128(Vec d, Vec a, Operand s, int half) {
        vector(VEX, P66, M3A, 0x38, d, a, s, BYTES_16, half);
    }

    public void vinserti32x4(Vec d, Vec a, Operand s, int quarter) {
        vector(EVEX, P66, M3A, 0x38, d, a, s, BYTES_16, quarter);
    }

    public void vinserti64x4(Vec d, Vec a, Operand s, int half) {
        vector(EVEX | EVEX_W, P66, M3A, 0x3a, d, a, s, BYTES_32, half);
    }

    public void vextracti128(Operand d, Vec s, int half) {
        vector(VEX | STORE, P66, M3A, 0x39, s, d, BYTES_16, half);
    }

    public void vextractf128(Operand d, Vec s, int half) {
        vector(VEX | STORE, P66, M3A, 0x19, s, d, BYTES_16, half);
    }

    public void vextracti32x4(Operand d, Vec s, int quarter) {
        vector(EVEX | STORE, P66, M3A, 0x39, s, d, BYTES_16, quarter);
    }

    public void vextracti64x4(Operand d, Vec s, int half) {
        vector(EVEX | EVEX_W | STORE, P66, M3A, 0x3b, s, d, BYTES_32, half);
    }

    // Order

    public void vpshufb(Vec d, Vec a, Operand indices) {
        vector(BOTH, P66, M38, 0x00, d, a, indices, FULL_MEM);
    }

    public void vpshufd(Vec d, Operand s, int order) {
        vector(BOTH, P66, M0F, 0x70, d, s, FULL, order);
    }

    public void vshufi32x4(Vec d, Vec a, Operand b, int order) {
        vector(EVEX | NO_XMM, P66, M3A, 0x43, d, a, b, FULL, order);
    }

    public void vpermd(Vec d, Vec indices, Operand s) {
        vector(BOTH | NO_XMM, P66, M38, 0x36, d, indices, s, FULL);
    }

    public void vpermps(Vec d, Vec indices, Operand s) {
        vector(BOTH | NO_XMM, P66, M38, 0x16, d, indices, s, FULL);
    }

    /// Words of `d` and, behind them, of `b`: word i becomes that which the lowest bits of word i of `indices` number.
    public void vpermt2w(Vec d, Vec indices, Operand b) {
        vector(EVEX | EVEX_W, P66, M38, 0x7d, d, indices, b, FULL_MEM);
    }

    public void vpunpckldq(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M0F, 0x62, d, a, b, FULL);
    }

    public void vpunpckhdq(Vec d, Vec a, Operand b) {
        vector(BOTH, P66, M0F, 0x6a, d, a, b, FULL);
    }

    public void vpunpcklqdq(Vec d, Vec a, Operand b) {
        vector(BOTH | EVEX_W, P66, M0F, 0x6c, d, a, b, FULL);
    }

    public void vpunpckhqdq(Vec d, Vec a, Operand b) {
        vector(BOTH | EVEX_W, P66, M0F, 0x6d, d, a, b, FULL);
    }

    /// In each 128 bits, the 32-bit lanes of `a` and those of `b` behind them as signed words; what does not fit
    /// becomes the nearest that does.
    public void vpackssdw(Vec d, Vec a, Operand b) {
        vector(VEX, P66, M0F, 0x6b, d, a, b, FULL);
    }

    /// The 16-bit words of `b` whose bits in `choice` are set, the others of `a`.
    public void vpblendw(Vec d, Vec a, Operand b, int choice) {
        vector(VEX, P66, M3A, 0x0e, d, a, b, FULL_MEM, choice);
    }

    /// Each 32-bit lane of `b` where `d` has a mask, of `a` elsewhere; unlike other instructions, it merges with `a`.
    public void vpblendmd(Vec d, Vec a, Operand b) {
        vector(EVEX, P66, M38, 0x64, d, a, b, FULL);
    }

    // Widths

    public void vpmovzxbd(Vec d, Operand s) {
        vector(BOTH, P66, M38, 0x31, d, s, QUARTER_MEM);
    }

    public void vpmovsxbd(Vec d, Operand s) {
        vector(BOTH, P66, M38, 0x21, d, s, QUARTER_MEM);
    }

    public void vpmovzxwd(Vec d, Operand s) {
        vector(BOTH, P66, M38, 0x33, d, s, HALF_MEM);
    }

    public void vpmovsxwd(Vec d, Operand s) {
        vector(BOTH, P66, M38, 0x23, d, s, HALF_MEM);
    }

    /// The lowest byte of each 32-bit lane.
    public void vpmovdb(Operand d, Vec s) {
        vector(EVEX | STORE, PF3, M38, 0x31, s, d, QUARTER_MEM);
    }
}
