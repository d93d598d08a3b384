package dev.excitor.runtime.asm;

/// A tile register, `tmm0` to `tmm7`: up to 16 rows of up to 64 bytes, as `ldtilecfg` says.
public record Tile(int index) {

    public Tile {
        if (index < 0 || index > 7) {
            throw new IllegalArgumentException("there is no tile register " + index);
        }
    }

    public static Tile tmm(int index) {
        return new Tile(index);
    }

    /// This number where the prefix or the last operand of an instruction has that of a vector register.
    Vec asVec() {
        return Vec.xmm(index);
    }
}
