package dev.excitor.runtime.kernel.amx;

import static dev.excitor.runtime.asm.Gpr.R10;
import static dev.excitor.runtime.asm.Gpr.R11;
import static dev.excitor.runtime.asm.Gpr.R12;
import static dev.excitor.runtime.asm.Gpr.R13;
import static dev.excitor.runtime.asm.Gpr.R14;
import static dev.excitor.runtime.asm.Gpr.R15;
import static dev.excitor.runtime.asm.Gpr.R8;
import static dev.excitor.runtime.asm.Gpr.R9;
import static dev.excitor.runtime.asm.Gpr.RAX;
import static dev.excitor.runtime.asm.Gpr.RBP;
import static dev.excitor.runtime.asm.Gpr.RBX;
import static dev.excitor.runtime.asm.Gpr.RCX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RDX;
import static dev.excitor.runtime.asm.Gpr.RSI;
import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.asm.Tile.tmm;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.OpMask;
import dev.excitor.runtime.asm.Tile;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Transposition;
import java.util.List;

/// Products of [BrainTiles]: blocks of one or two tiles of weight rows, one behind the other, with one or two tiles of
/// rows of activations:
///
/// ```text
/// for each block                                       blocks
///   c[w][x] = 0                                        2 x 2 tiles of 16 weight rows by 16 rows of activations
///   for each tile of 32 columns                        rcx
///     c[w][x] += weights[w] . activations[x]           four loads, four products
///   y[row of x][row of w] = c or, behind earlier columns, + c      transposed on the way
/// ```
///
/// Four tiles of results for four that are loaded is what eight tile registers give. All columns of the run are
/// added up before anything is written.
final class TileKernel {

    /// Most tiles of weight rows in a block, and of activations.
    static final int TILES = 2;

    // the arguments, eight bytes each
    static final int W = 0;
    static final int X = 8;
    static final int Y = 16;
    static final int Y_STRIDE = 24;
    /// Tiles of 32 columns.
    static final int K = 32;
    /// Their bytes: from one tile of weight rows to the next, and from one of activations.
    static final int RUN = 40;
    static final int BLOCKS = 48;
    /// Rows of activations that there are, so many or fewer than the tiles hold.
    static final int TOKENS = 56;
    /// Which of the weight rows of each tile there are, a bit each.
    static final int MASK_A = 64;
    static final int MASK_B = 72;
    /// The same where y is added to, 0 where it is overwritten.
    static final int ADD_A = 80;
    static final int ADD_B = 88;
    static final int SCRATCH = 96;
    static final int ARGUMENTS = 104;

    static final int SCRATCH_BYTES = TILES * TILES * BrainTiles.BYTES;

    private static final List<Gpr> SAVED = List.of(RBX, RBP, R12, R13, R14, R15);

    /// Asked for of the next activations with each step of columns: what eight blocks take to ask for all of them.
    private static final int LINES_AHEAD = 4;

    private static final Vec OLD = Vec.zmm(8);

    private final Assembler a = new Assembler();
    private final int weightTiles;
    private final int tokenTiles;

    private TileKernel(int weightTiles, int tokenTiles) {
        this.weightTiles = weightTiles;
        this.tokenTiles = tokenTiles;
    }

    static byte[] assemble(int weightTiles, int tokenTiles) {
        return new TileKernel(weightTiles, tokenTiles).assemble();
    }

    private byte[] assemble() {
        SAVED.forEach(a::push);
        a.ldtilecfg(a.constant(TileShapes.allFull()));
        a.mov(RAX.lower(), BrainTiles.ROW_BYTES);
        mask(OpMask.K2, MASK_A);
        mask(OpMask.K3, MASK_B);
        mask(OpMask.K4, ADD_A);
        mask(OpMask.K5, ADD_B);
        a.mov(RBP, at(RDI, RUN));
        a.mov(R8, at(RDI, W));
        a.lea(R9, at(R8, RBP, 1, 0));
        a.mov(R10, at(RDI, X));
        a.lea(R11, at(R10, RBP, 1, 0));
        a.lea(R15, at(R10, RBP, tokenTiles, 0));
        a.mov(R12, at(RDI, SCRATCH));
        a.mov(R13, at(RDI, Y_STRIDE));
        a.mov(R14, at(RDI, TOKENS));
        a.mov(RDX, at(RDI, Y));
        a.mov(RBX, at(RDI, BLOCKS));
        Label block = a.here();
        multiply();
        for (int w = 0; w < weightTiles; w++) {
            write(w);
        }
        a.add(RDX, weightTiles * BrainTiles.ROWS * Float.BYTES);
        a.sub(R10, RBP);
        a.sub(R11, RBP);
        if (weightTiles == TILES) {
            a.mov(R8, R9);
            a.add(R9, RBP);
        }
        a.dec(RBX);
        a.jnz(block);
        a.tilerelease();
        a.vzeroupper();
        SAVED.reversed().forEach(a::pop);
        a.ret();
        return a.bytes();
    }

    private void mask(OpMask mask, int argument) {
        a.mov(RDX.lower(), at(RDI, argument));
        a.kmovw(mask, RDX.lower());
    }

    /// All columns of a block, and its results into scratch memory. Moves every pointer behind what it has read.
    private void multiply() {
        for (int w = 0; w < weightTiles; w++) {
            for (int x = 0; x < tokenTiles; x++) {
                a.tilezero(result(w, x));
            }
        }
        a.mov(RCX, at(RDI, K));
        Label step = a.here();
        for (int w = 0; w < weightTiles; w++) {
            a.tileloadd(weights(w), at(w == 0 ? R8 : R9, RAX, 1, 0));
            for (int x = 0; x < tokenTiles; x++) {
                if (w == 0) {
                    a.tileloadd(activations(x), at(x == 0 ? R10 : R11, RAX, 1, 0));
                }
                a.tdpbf16ps(result(w, x), weights(w), activations(x));
            }
        }
        for (int line = 0; line < LINES_AHEAD; line++) {
            a.prefetcht1(at(R15, 64 * line));
        }
        a.add(R15, 64 * LINES_AHEAD);
        for (Gpr pointer : List.of(R8, R9, R10, R11)) {
            a.add(pointer, BrainTiles.BYTES);
        }
        a.dec(RCX);
        a.jnz(step);
        for (int w = 0; w < weightTiles; w++) {
            for (int x = 0; x < tokenTiles; x++) {
                a.tilestored(at(R12, RAX, 1, scratch(w, x)), result(w, x));
            }
        }
    }

    /// The results of a tile of weight rows, a row of y for each row of activations.
    private void write(int w) {
        OpMask rows = w == 0 ? OpMask.K2 : OpMask.K3;
        OpMask old = w == 0 ? OpMask.K4 : OpMask.K5;
        Label done = new Label();
        a.lea(RSI, at(RDX, w * BrainTiles.ROWS * Float.BYTES));
        a.mov(RCX, R14);
        for (int x = 0; x < tokenTiles; x++) {
            for (int quarter = 0; quarter < 4; quarter++) {
                for (Vec token : Transposition.columns(a, R12, scratch(w, x), quarter)) {
                    a.vmovups(OLD.under(old).orZero(), at(RSI));
                    a.vaddps(token, token, OLD);
                    a.vmovups(at(RSI), token.under(rows));
                    a.add(RSI, R13);
                    a.dec(RCX);
                    a.jz(done);
                }
            }
        }
        a.bind(done);
    }

    private static int scratch(int w, int x) {
        return (w * TILES + x) * BrainTiles.BYTES;
    }

    private static Tile result(int w, int x) {
        return tmm(w * TILES + x);
    }

    private static Tile weights(int w) {
        return tmm(4 + w);
    }

    private static Tile activations(int x) {
        return tmm(6 + x);
    }
}
