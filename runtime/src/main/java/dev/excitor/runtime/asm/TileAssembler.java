package dev.excitor.runtime.asm;

/// Matrices in tile registers (AMX).
///
/// A thread that has loaded a configuration holds 8 KiB more of state until it releases it.
abstract class TileAssembler extends IntegerAssembler {

    TileAssembler(boolean avx512) {
        super(avx512);
    }

    /// Takes the shapes of all tiles from 64 bytes: the palette, 1; at byte 16 the bytes of a row of each tile, two
    /// bytes each; at byte 48 its rows. Everything else is 0. All tiles become zero.
    public void ldtilecfg(Mem shapes) {
        tile(NP, 0x49, 0, 0, shapes);
    }

    /// Ends the use of tiles.
    public void tilerelease() {
        tile(NP, 0x49, 0, 0, Vec.xmm(0));
    }

    public void tilezero(Tile d) {
        tile(PF2, 0x49, d.index(), 0, Vec.xmm(0));
    }

    /// Row i from i times the index behind the rest of the address.
    public void tileloadd(Tile d, Mem s) {
        tile(PF2, 0x4b, d.index(), 0, strided(s));
    }

    /// Row i to i times the index behind the rest of the address.
    public void tilestored(Mem d, Tile s) {
        tile(PF3, 0x4b, s.index(), 0, strided(d));
    }

    /// `d[m, n] += a[m, 2k] b[k, 2n] + a[m, 2k+1] b[k, 2n+1]` for all k, brain floats into floats; subnormal numbers
    /// count as zero.
    public void tdpbf16ps(Tile d, Tile a, Tile b) {
        require(d.index() != a.index() && d.index() != b.index() && a.index() != b.index(), "the tiles are different");
        tile(PF3, 0x5c, d.index(), b.index(), a.asVec());
    }

    private static Mem strided(Mem m) {
        require(m.index() != null && m.scale() == 1, "the index of the address is the distance of two rows");
        return m;
    }

    private void tile(int pp, int opcode, int reg, int v, Operand rm) {
        requireAvx512();
        if (rm instanceof Mem m) {
            require(!m.broadcast(), "this instruction does not broadcast");
        }
        vex(pp, M38, false, false, reg, v, rm);
        emit(opcode);
        operand(reg, rm, 1, 0);
    }
}
