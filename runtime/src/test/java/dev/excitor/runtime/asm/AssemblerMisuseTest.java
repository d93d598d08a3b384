package dev.excitor.runtime.asm;

import static dev.excitor.runtime.asm.Gpr.R9;
import static dev.excitor.runtime.asm.Gpr.RAX;
import static dev.excitor.runtime.asm.Gpr.RCX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RSP;
import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.asm.OpMask.K1;
import static dev.excitor.runtime.asm.OpMask.K2;
import static dev.excitor.runtime.asm.Row.CONSTANT;
import static dev.excitor.runtime.asm.Tile.tmm;
import static dev.excitor.runtime.asm.Vec.xmm;
import static dev.excitor.runtime.asm.Vec.ymm;
import static dev.excitor.runtime.asm.Vec.zmm;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Operands that no instruction has are refused at once: encoded anyway, they would be other instructions.
class AssemblerMisuseTest {

    record Misuse(String what, Consumer<Assembler> call) {
        @Override
        public String toString() {
            return what;
        }
    }

    // spotless:off
    static final List<Misuse> MISUSES = List.of(
        misuse("a general purpose register 16",        a -> a.push(new Gpr(16, 64))),
        misuse("a general purpose register -1",        a -> a.push(new Gpr(-1, 64))),
        misuse("a general purpose register of 16 bits", a -> a.dec(new Gpr(0, 16))),
        misuse("a vector register 32",                 a -> a.vmovups(zmm(32), at(RDI))),
        misuse("a vector register -1",                 a -> a.vmovups(xmm(-1), at(RDI))),
        misuse("a vector register of 64 bits",         a -> a.vmovups(new Vec(0, 64, 0, false), at(RDI))),
        misuse("k0 as a mask",                         a -> a.vmovups(zmm(0).under(new OpMask(0)), at(RDI))),
        misuse("k8",                                   a -> a.vmovups(zmm(0).under(new OpMask(8)), at(RDI))),
        misuse("a mask 8 of a vector",                 a -> a.vmovups(new Vec(0, 512, 8, false), at(RDI))),
        misuse("zeroing without a mask",               a -> a.vmovups(zmm(0).orZero(), at(RDI))),

        misuse("a tile 8",                             a -> a.tilezero(tmm(8))),
        misuse("a tile -1",                            a -> a.tilezero(tmm(-1))),
        misuse("rows of a tile at no distance",        a -> a.tileloadd(tmm(0), at(RDI))),
        misuse("rows of a tile at twice a distance",   a -> a.tilestored(at(RDI, RCX, 2, 0), tmm(0))),
        misuse("a tile from one element",              a -> a.tileloadd(tmm(0), at(RDI, RCX, 1, 0).toAll())),
        misuse("a tile times itself",                  a -> a.tdpbf16ps(tmm(0), tmm(1), tmm(1))),
        misuse("a tile added to its factor",           a -> a.tdpbf16ps(tmm(0), tmm(0), tmm(1))),
        misuse("shapes of tiles from one element",     a -> a.ldtilecfg(at(RDI).toAll())),

        misuse("rsp as an index",                      a -> a.mov(RAX, at(RDI, RSP, 1, 0))),
        misuse("a base of 32 bits",                    a -> a.mov(RAX, at(RDI.lower()))),
        misuse("an index of 32 bits",                  a -> a.mov(RAX, at(RDI, RCX.lower(), 1, 0))),
        misuse("a scale of 0",                         a -> a.mov(RAX, at(RDI, RCX, 0, 0))),
        misuse("a scale of 3",                         a -> a.mov(RAX, at(RDI, RCX, 3, 0))),
        misuse("a scale of 16",                        a -> a.mov(RAX, at(RDI, RCX, 16, 0))),
        misuse("neither a base nor a constant",        a -> a.mov(RAX, new Mem(null, null, 1, 0, false, null))),
        misuse("an offset in a constant",              a -> a.mov(RAX, a.constant(CONSTANT).plus(4))),
        misuse("an index in a constant",               a -> a.mov(RAX, new Mem(null, RCX, 1, 0, false, a.here()))),

        misuse("mov of two sizes",                     a -> a.mov(RAX, RCX.lower())),
        misuse("add of two sizes",                     a -> a.add(RAX.lower(), RCX)),
        misuse("imul of two sizes",                    a -> a.imul(RAX.lower(), RCX)),
        misuse("imul of two sizes by a value",         a -> a.imul(RAX.lower(), RCX, 5)),
        misuse("movsxd to 32 bits",                    a -> a.movsxd(RAX.lower(), RCX.lower())),
        misuse("movsxd from 64 bits",                  a -> a.movsxd(RAX, RCX)),
        misuse("movsxd from memory to 32 bits",        a -> a.movsxd(RAX.lower(), at(RDI))),
        misuse("call of 32 bits",                      a -> a.call(RAX.lower())),
        misuse("push of 32 bits",                      a -> a.push(RAX.lower())),
        misuse("pop of 32 bits",                       a -> a.pop(R9.lower())),
        misuse("a shift by all 64 bits",               a -> a.shl(RAX, 64)),
        misuse("a shift by all 32 bits",               a -> a.sar(RAX.lower(), 32)),
        misuse("a shift by -1",                        a -> a.shr(RAX, -1)),
        misuse("a broadcast to one register",          a -> a.mov(RAX, at(RDI).toAll())),
        misuse("a broadcast to a mask",                a -> a.kmovd(K1, at(RDI).toAll())),
        misuse("kmovw from 64 bits",                   a -> a.kmovw(K1, RAX)),
        misuse("kmovd from 64 bits",                   a -> a.kmovd(K1, RAX)),

        misuse("registers of two sizes",               a -> a.vaddps(zmm(0), zmm(1), ymm(2))),
        misuse("a second register of another size",    a -> a.vaddps(zmm(0), ymm(1), zmm(2))),
        misuse("a destination of another size",        a -> a.vaddps(xmm(0), ymm(1), ymm(2))),
        misuse("a move between sizes",                 a -> a.vmovaps(ymm(0), xmm(9))),
        misuse("a shift between sizes",                a -> a.vpsrld(ymm(0), zmm(1), 4)),
        misuse("a broadcast from a ymm register",      a -> a.vbroadcastss(zmm(0), ymm(1))),
        misuse("a widening of a whole register",       a -> a.vpmovzxbd(zmm(0), zmm(1))),
        misuse("a widening of half a register by four", a -> a.vpmovsxbd(zmm(0), ymm(1))),
        misuse("a narrowing to a whole register",      a -> a.vcvtps2ph(zmm(0), zmm(1), 0)),
        misuse("vcvtneps2bf16 to a whole register",    a -> a.vcvtneps2bf16(zmm(0), zmm(1))),
        misuse("a comparison of two sizes",            a -> a.vcmpps(K1, zmm(0), ymm(1), 0)),

        misuse("vmovd of 64 bits",                     a -> a.vmovd(xmm(0), RAX)),
        misuse("vmovq of 32 bits",                     a -> a.vmovq(xmm(0), RAX.lower())),
        misuse("vpinsrq of 32 bits",                   a -> a.vpinsrq(xmm(0), xmm(1), RAX.lower(), 1)),
        misuse("vmovd to ymm",                         a -> a.vmovd(ymm(0), RAX.lower())),
        misuse("vmovq to ymm",                         a -> a.vmovq(ymm(0), RAX)),
        misuse("vmovss to zmm",                        a -> a.vmovss(zmm(0), at(RDI))),
        misuse("vmovss from zmm",                      a -> a.vmovss(at(RDI), zmm(0))),
        misuse("vinserti64x4 into ymm",                a -> a.vinserti64x4(ymm(0), ymm(1), ymm(2), 0)),
        misuse("vextracti64x4 from ymm",               a -> a.vextracti64x4(ymm(0), ymm(1), 0)),
        misuse("vbroadcasti64x4 to ymm",               a -> a.vbroadcasti64x4(ymm(0), at(RDI))),
        misuse("vextracti32x4 from xmm",               a -> a.vextracti32x4(xmm(0), xmm(1), 0)),
        misuse("vbroadcasti32x4 to xmm",               a -> a.vbroadcasti32x4(xmm(0), at(RDI))),
        misuse("vbroadcasti128 to xmm",                a -> a.vbroadcasti128(xmm(0), at(RDI))),
        misuse("vshufi32x4 of xmm",                    a -> a.vshufi32x4(xmm(0), xmm(1), xmm(2), 0)),
        misuse("vpermps of xmm",                       a -> a.vpermps(xmm(0), xmm(1), xmm(2))),
        misuse("vpermd of xmm",                        a -> a.vpermd(xmm(0), xmm(1), xmm(2))),

        misuse("vmovq to xmm16",                       a -> a.vmovq(xmm(16), RAX)),
        misuse("vmovq of memory to xmm16",             a -> a.vmovq(xmm(16), at(RDI))),
        misuse("vmovq of xmm16 to memory",             a -> a.vmovq(at(RDI), xmm(16))),
        misuse("vpinsrq into xmm16",                   a -> a.vpinsrq(xmm(16), xmm(1), RAX, 0)),
        misuse("vpinsrq from xmm16",                   a -> a.vpinsrq(xmm(0), xmm(16), RAX, 0)),
        misuse("vpsignb to xmm16",                     a -> a.vpsignb(xmm(16), xmm(1), xmm(2))),
        misuse("vpand of xmm16",                       a -> a.vpand(xmm(0), xmm(16), xmm(2))),
        misuse("vpxor with xmm16",                     a -> a.vpxor(xmm(0), xmm(1), xmm(16))),
        misuse("vpor of zmm",                          a -> a.vpor(zmm(0), zmm(1), zmm(2))),
        misuse("vhaddps of zmm",                       a -> a.vhaddps(zmm(0), zmm(1), zmm(2))),
        misuse("vinserti128 into zmm",                 a -> a.vinserti128(zmm(0), zmm(1), xmm(2), 0)),
        misuse("vextracti128 to xmm16",                a -> a.vextracti128(xmm(16), ymm(1), 0)),
        misuse("vpand with a broadcast",               a -> a.vpand(xmm(0), xmm(1), at(RDI).toAll())),

        misuse("vmovq under a mask",                   a -> a.vmovq(xmm(0).under(K1), RAX)),
        misuse("vpinsrq under a mask",                 a -> a.vpinsrq(xmm(0).under(K1), xmm(1), RAX, 0)),
        misuse("vpsignb under a mask",                 a -> a.vpsignb(xmm(0).under(K1), xmm(1), xmm(2))),
        misuse("vmovd under a mask",                   a -> a.vmovd(xmm(0).under(K1), RAX.lower())),
        misuse("a mask on the second register",        a -> a.vaddps(zmm(0), zmm(1).under(K1), zmm(2))),
        misuse("a mask on the last register",          a -> a.vaddps(zmm(0), zmm(1), zmm(2).under(K1))),
        misuse("a mask on the source of a move",       a -> a.vmovaps(zmm(0), zmm(1).under(K1))),
        misuse("a mask on the source of a short move", a -> a.vmovaps(xmm(0), xmm(9).under(K1))),
        misuse("a mask on the source of a shift",      a -> a.vpsrld(zmm(0), zmm(1).under(K1), 1)),
        misuse("a mask on what parts are taken from",  a -> a.vextracti32x4(xmm(0), zmm(1).under(K1), 1)),
        misuse("a mask on what is compared",           a -> a.vptestmd(K2, zmm(0).under(K1), zmm(1))),
        misuse("zeroing memory",                       a -> a.vmovups(at(RDI), zmm(0).under(K1).orZero())),
        misuse("zeroing narrow memory",                a -> a.vpmovdb(at(RDI), zmm(0).under(K1).orZero())),

        misuse("a move with a broadcast",              a -> a.vmovups(zmm(0), at(RDI).toAll())),
        misuse("a store with a broadcast",             a -> a.vmovups(at(RDI).toAll(), zmm(0))),
        misuse("a sum of bytes with a broadcast",      a -> a.vpaddb(zmm(0), zmm(1), at(RDI).toAll())),
        misuse("a widening with a broadcast",          a -> a.vpmovzxbd(zmm(0), at(RDI).toAll())),
        misuse("a broadcast of a broadcast",           a -> a.vpbroadcastd(zmm(0), at(RDI).toAll())),
        misuse("a last operand of 256",                a -> a.vpshufd(zmm(0), zmm(1), 256)),
        misuse("a last operand of -1",                 a -> a.vpslld(zmm(0), zmm(1), -1)));
    // spotless:on

    private static Misuse misuse(String what, Consumer<Assembler> call) {
        return new Misuse(what, call);
    }

    static List<Misuse> misuses() {
        return MISUSES;
    }

    @ParameterizedTest
    @MethodSource("misuses")
    void isRefused(Misuse misuse) {
        assertThatIllegalArgumentException().isThrownBy(() -> misuse.call().accept(new Assembler()));
    }
}
