package dev.excitor.runtime.limits;

import static dev.excitor.runtime.asm.Gpr.RCX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.asm.Vec.zmm;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.foreign.CpuId;
import dev.excitor.runtime.foreign.MachineCode;
import java.util.Optional;

/// Dot products of bytes on registers alone (`vpdpbusd` of 512 bits), in enough independent chains that none waits
/// for another. Java has no word for this instruction: the loop is machine code.
final class ByteProducts {

    private static final int CHAINS = 12;
    private static final int ROUNDS = 2_000_000;

    /// 64 products, added up.
    private static final int OPERATIONS = 128;

    private ByteProducts() {}

    /// Why this machine has no such products, a clause; empty where it has.
    static Optional<String> obstacle() {
        return MachineCode.obstacle()
                .or(() -> CpuId.features().contains(CpuId.Feature.AVX512_VNNI)
                        ? Optional.empty()
                        : Optional.of("cpu has no avx512_vnni"));
    }

    /// Counts multiplications and additions.
    static RegisterLoop loop() {
        return new RegisterLoop(assemble(), (double) OPERATIONS * CHAINS, ROUNDS);
    }

    /// Runs as many rounds as its argument says.
    private static byte[] assemble() {
        Assembler a = new Assembler();
        a.mov(RCX, at(RDI));
        for (int register = 0; register <= CHAINS; register++) {
            a.vpxord(zmm(register), zmm(register), zmm(register));
        }
        Label round = a.here();
        for (int chain = 0; chain < CHAINS; chain++) {
            a.vpdpbusd(zmm(chain), zmm(CHAINS), zmm(CHAINS));
        }
        a.dec(RCX);
        a.jnz(round);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }
}
