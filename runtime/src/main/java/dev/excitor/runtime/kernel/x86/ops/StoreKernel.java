package dev.excitor.runtime.kernel.x86.ops;

import static dev.excitor.runtime.asm.Gpr.R10;
import static dev.excitor.runtime.asm.Gpr.R11;
import static dev.excitor.runtime.asm.Gpr.R12;
import static dev.excitor.runtime.asm.Gpr.R13;
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
import static dev.excitor.runtime.kv.KvLayout.TILE;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kv.KvLayout;
import java.util.List;

/// Writes keys and values of consecutive positions into one page, for some neighbouring heads:
///
/// ```text
/// for each head                               R10
///   for each position                         R11, its place in a tile of keys in RCX
///     keys[tile][i][place] = k[i]             R8 <- RSI
///     values[position][i] = v[i]              R9 <- RDX
/// ```
///
/// A key goes into a column of its tile, number by number. RBX, RBP, R12 and R13 keep where the head's first position
/// comes from and goes to.
final class StoreKernel {

    // the arguments, eight bytes each
    static final int K = 0;
    static final int K_STRIDE = 8;
    static final int V = 16;
    static final int V_STRIDE = 24;
    static final int KEYS = 32;
    static final int PLACE = 40;
    static final int VALUES = 48;
    static final int HEADS = 56;
    static final int POSITIONS = 64;

    private static final List<Gpr> SAVED = List.of(RBX, RBP, R12, R13);

    /// To nearest, ties to even.
    private static final int NEAREST = 0;

    private final Registers registers;
    private final Assembler a;
    private final HeadShape shape;

    private StoreKernel(HeadShape shape, Registers registers) {
        this.registers = registers;
        this.a = registers.assembler();
        this.shape = shape;
    }

    static byte[] assemble(HeadShape shape, Registers registers) {
        return new StoreKernel(shape, registers).assemble();
    }

    private byte[] assemble() {
        SAVED.forEach(a::push);
        a.mov(RBX, at(RDI, K));
        a.mov(RBP, at(RDI, V));
        a.mov(R12, at(RDI, KEYS));
        a.mov(R13, at(RDI, VALUES));
        a.mov(R10, at(RDI, HEADS));
        Label head = a.here();
        a.mov(RSI, RBX);
        a.mov(RDX, RBP);
        a.mov(R8, R12);
        a.mov(R9, R13);
        a.mov(RCX, at(RDI, PLACE));
        a.mov(R11, at(RDI, POSITIONS));
        Label position = a.here();
        key();
        value();
        a.add(RSI, at(RDI, K_STRIDE));
        a.add(RDX, at(RDI, V_STRIDE));
        a.add(R9, shape.valueDim() * shape.bytes());
        nextColumn();
        a.dec(R11);
        a.jnz(position);
        a.add(RBX, shape.keyDim() * Float.BYTES);
        a.add(RBP, shape.valueDim() * Float.BYTES);
        a.add(R12, shape.keyBytes());
        a.add(R13, shape.valueBytes());
        a.dec(R10);
        a.jnz(head);
        a.vzeroupper();
        SAVED.reversed().forEach(a::pop);
        a.ret();
        return a.bytes();
    }

    /// The next column of the tile, or the first one of the next tile.
    private void nextColumn() {
        Label same = new Label();
        a.add(R8, shape.bytes());
        a.add(RCX, 1);
        a.cmp(RCX, TILE);
        a.jnz(same);
        a.xor(RCX, RCX);
        a.add(R8, (shape.keyDim() - 1) * TILE * shape.bytes());
        a.bind(same);
    }

    private void key() {
        for (int i = 0; i < shape.keyDim(); i += registers.lanes()) {
            if (shape.type() == KvLayout.Type.F32) {
                for (int j = i; j < i + registers.lanes(); j++) {
                    a.mov(RAX.lower(), at(RSI, Float.BYTES * j));
                    a.mov(at(R8, Float.BYTES * TILE * j), RAX.lower());
                }
            } else {
                Vec numbers = registers.get(0);
                Vec low = halved(numbers);
                Vec high = registers.get(1);
                a.vmovups(numbers, at(RSI, Float.BYTES * i));
                a.vcvtps2ph(low, numbers, NEAREST);
                if (registers.isWide()) {
                    a.vextracti128(high.x(), low, 1);
                }
                halves(low, i);
                if (registers.isWide()) {
                    halves(high, i + 8);
                }
            }
        }
    }

    private Vec halved(Vec register) {
        return registers.isWide() ? register.y() : register.x();
    }

    /// Eight numbers of the key from the i-th on.
    private void halves(Vec source, int i) {
        for (int j = 0; j < 8; j++) {
            a.vpextrw(at(R8, Short.BYTES * TILE * (i + j)), source.x(), j);
        }
    }

    private void value() {
        Vec t = registers.get(0);
        for (int i = 0; i < shape.valueDim(); i += registers.lanes()) {
            a.vmovups(t, at(RDX, Float.BYTES * i));
            if (shape.type() == KvLayout.Type.F32) {
                a.vmovups(at(R9, Float.BYTES * i), t);
            } else {
                a.vcvtps2ph(at(R9, Short.BYTES * i), t, NEAREST);
            }
        }
    }
}
