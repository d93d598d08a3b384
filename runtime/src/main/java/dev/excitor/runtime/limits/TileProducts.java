package dev.excitor.runtime.limits;

import static dev.excitor.runtime.asm.Gpr.RCX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.asm.Tile.tmm;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.kernel.amx.AmxProvider;
import dev.excitor.runtime.kernel.amx.TileShapes;
import java.util.Optional;

/// Products of tiles of brain floats on tile registers alone (`tdpbf16ps`), in as many independent chains as there are
/// registers for results.
final class TileProducts {

    private static final int CHAINS = 4;
    private static final int ROUNDS = 500_000;

    /// 16 by 16 sums of 32 products, added up.
    private static final int OPERATIONS = 2 * 16 * 16 * 32;

    private TileProducts() {}

    /// Why this machine has no such products, a clause; empty where it has.
    static Optional<String> obstacle() {
        return AmxProvider.obstacle();
    }

    /// Counts multiplications and additions.
    static RegisterLoop loop() {
        return new RegisterLoop(assemble(), (double) OPERATIONS * CHAINS, ROUNDS);
    }

    /// Runs as many rounds as its argument says, on zeros.
    private static byte[] assemble() {
        Assembler a = new Assembler();
        a.mov(RCX, at(RDI));
        a.ldtilecfg(a.constant(TileShapes.allFull()));
        Label round = a.here();
        for (int chain = 0; chain < CHAINS; chain++) {
            a.tdpbf16ps(tmm(chain), tmm(CHAINS + chain / 2), tmm(CHAINS + 2 + chain % 2));
        }
        a.dec(RCX);
        a.jnz(round);
        a.tilerelease();
        a.ret();
        return a.bytes();
    }
}
