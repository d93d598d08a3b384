package dev.excitor.runtime.asm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Turns instruction forms into bytes: prefixes, operand bytes, displacements and the references that are filled in at
/// the end. [Assembler] names the instructions.
///
/// Encodings follow Intel's Software Developer's Manual, volume 2. Where there are several, the choice is that of the
/// GNU assembler, so that listings can be compared byte for byte: VEX before EVEX, the shortest displacement.
abstract class Encoder {

    /// The implied prefix.
    static final int NP = 0;
    static final int P66 = 1;
    static final int PF3 = 2;
    static final int PF2 = 3;

    /// The opcode map.
    static final int M0F = 1;
    static final int M38 = 2;
    static final int M3A = 3;

    /// Which encodings an instruction has, and its W bit in EVEX.
    static final int VEX = 1;
    static final int EVEX = 2;
    static final int EVEX_W = 4;
    static final int BOTH = VEX | EVEX;

    /// How many bytes of memory a vector instruction touches, as a share of its register: the unit of a short
    /// displacement. Values below 0 are a number of bytes.
    static final int FULL = 1;
    static final int HALF = 2;
    static final int QUARTER = 4;

    private record Reference(int at, int end, Label label) {}

    private record Constant(Label label, byte[] bytes) {}

    private static final int CONSTANT_ALIGNMENT = 64;

    private byte[] code = new byte[1024];
    private int size;
    private final List<Reference> references = new ArrayList<>();
    private final List<Constant> constants = new ArrayList<>();

    final void emit(int... bytes) {
        if (size + bytes.length > code.length) {
            code = Arrays.copyOf(code, 2 * code.length);
        }
        for (int b : bytes) {
            code[size++] = (byte) b;
        }
    }

    final void emit32(int value) {
        emit(value, value >> 8, value >> 16, value >> 24);
    }

    final int position() {
        return size;
    }

    /// Bytes behind the code, aligned to 64; equal ones are kept once.
    public final Mem constant(byte[] bytes) {
        for (Constant known : constants) {
            if (Arrays.equals(known.bytes, bytes)) {
                return Mem.constant(known.label);
            }
        }
        Label label = new Label();
        constants.add(new Constant(label, bytes.clone()));
        return Mem.constant(label);
    }

    /// A jump's or address's distance, filled in at the end.
    ///
    /// @param trailing bytes of the instruction behind the distance
    final void reference(Label label, int trailing) {
        references.add(new Reference(size, size + 4 + trailing, label));
        emit32(0);
    }

    /// Everything, with all references filled in and the constants behind the code.
    public final byte[] bytes() {
        int end = size;
        for (Constant constant : constants) {
            while (size % CONSTANT_ALIGNMENT != 0) {
                emit(0xcc);
            }
            constant.label.bind(size);
            for (byte b : constant.bytes) {
                emit(b);
            }
        }
        byte[] result = Arrays.copyOf(code, size);
        for (Reference reference : references) {
            int distance = reference.label.position() - reference.end;
            for (int i = 0; i < 4; i++) {
                result[reference.at + i] = (byte) (distance >> (8 * i));
            }
        }
        if (end == 0) {
            throw new IllegalStateException("there is no code");
        }
        return result;
    }

    // Instructions on general purpose registers

    /// `op reg, rm` or `op rm, reg` with a REX prefix where one is needed.
    final void integer(int opcode, int reg, Gpr rm, boolean wide) {
        rex(wide, reg, 0, rm.index());
        opcode(opcode);
        emit(0xc0 | (reg & 7) << 3 | (rm.index() & 7));
    }

    final void integer(int opcode, int reg, Mem rm, boolean wide, int trailing) {
        rex(
                wide,
                reg,
                rm.index() == null ? 0 : rm.index().index(),
                rm.base() == null ? 0 : rm.base().index());
        opcode(opcode);
        operand(reg, rm, 1, trailing);
    }

    private void rex(boolean wide, int reg, int index, int base) {
        int rex = 0x40 | (wide ? 8 : 0) | reg >> 3 << 2 | index >> 3 << 1 | base >> 3;
        if (rex != 0x40) {
            emit(rex);
        }
    }

    private void opcode(int opcode) {
        if (opcode > 0xff) {
            emit(opcode >> 8);
        }
        emit(opcode);
    }

    // Vector instructions

    /// A vector instruction `op reg, v, rm`.
    ///
    /// @param forms  [#BOTH], or [#EVEX] alone, with [#EVEX_W]
    /// @param reg    the operand in the ModRM byte's reg field, whose size is the instruction's
    /// @param v      the operand in the vvvv field, 0 for none
    /// @param memory of rm: [#FULL], [#HALF], [#QUARTER], or minus a number of bytes
    final void vector(int forms, int pp, int map, int opcode, Vec reg, int v, Operand rm, int memory, int... imm) {
        boolean broadcast = rm instanceof Mem m && m.broadcast();
        int high = Math.max(reg.index(), Math.max(v, rm instanceof Vec r ? r.index() : 0));
        int bits = Math.max(reg.bits(), rm instanceof Vec r && memory == FULL ? r.bits() : 0);
        boolean vex = (forms & VEX) != 0 && bits < 512 && high < 16 && reg.mask() == 0 && !broadcast;
        if (vex) {
            vex(pp, map, false, bits == 256, reg.index(), v, rm);
            emit(opcode);
            operand(reg.index(), rm, 1, imm.length);
        } else {
            evex(forms, pp, map, reg, v, rm, bits, broadcast);
            emit(opcode);
            int share = memory < 0 ? -memory : bits / 8 / memory;
            operand(reg.index(), rm, broadcast ? ((forms & EVEX_W) != 0 ? 8 : 4) : share, imm.length);
        }
        emit(imm);
    }

    private void evex(int forms, int pp, int map, Vec reg, int v, Operand rm, int bits, boolean broadcast) {
        int x = 0;
        int b = 0;
        if (rm instanceof Vec r) {
            x = r.index() >> 4 & 1;
            b = r.index() >> 3 & 1;
        } else if (rm instanceof Mem m) {
            x = m.index() == null ? 0 : m.index().index() >> 3;
            b = m.base() == null ? 0 : m.base().index() >> 3;
        }
        int r = reg.index() >> 3 & 1;
        int r2 = reg.index() >> 4 & 1;
        int w = (forms & EVEX_W) != 0 ? 1 : 0;
        int length = bits == 512 ? 2 : bits == 256 ? 1 : 0;
        emit(
                0x62,
                (r ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | (r2 ^ 1) << 4 | map,
                w << 7 | (~v & 15) << 3 | 4 | pp,
                (reg.zeroing() ? 0x80 : 0)
                        | length << 5
                        | (broadcast ? 0x10 : 0)
                        | ((v >> 4 & 1) ^ 1) << 3
                        | reg.mask());
    }

    /// A VEX prefix, of two bytes where that is enough.
    final void vex(int pp, int map, boolean w, boolean wide, int reg, int v, Operand rm) {
        int x = 0;
        int b = 0;
        if (rm instanceof Vec r) {
            b = r.index() >> 3;
        } else if (rm instanceof Mem m) {
            x = m.index() == null ? 0 : m.index().index() >> 3;
            b = m.base() == null ? 0 : m.base().index() >> 3;
        }
        int last = (~v & 15) << 3 | (wide ? 4 : 0) | pp;
        int r = (reg >> 3 ^ 1) << 7;
        if (x == 0 && b == 0 && map == M0F && !w) {
            emit(0xc5, r | last);
        } else {
            emit(0xc4, r | (x ^ 1) << 6 | (b ^ 1) << 5 | map, (w ? 0x80 : 0) | last);
        }
    }

    /// The ModRM byte with what follows it.
    ///
    /// @param unit     a displacement that is a multiple of it, from -128 to 127 units, is one byte
    /// @param trailing bytes of the instruction behind the operand
    final void operand(int reg, Operand rm, int unit, int trailing) {
        int field = (reg & 7) << 3;
        if (rm instanceof Vec r) {
            emit(0xc0 | field | (r.index() & 7));
            return;
        }
        Mem m = (Mem) rm;
        if (m.constant() != null) {
            emit(field | 5);
            reference(m.constant(), trailing);
            return;
        }
        int base = m.base() == null ? 0 : m.base().index();
        boolean sib = m.index() != null || (base & 7) == 4;
        boolean isShort = m.disp() % unit == 0 && m.disp() / unit >= -128 && m.disp() / unit <= 127;
        int mod = m.disp() == 0 && (base & 7) != 5 ? 0x00 : isShort ? 0x40 : 0x80;
        emit(mod | field | (sib ? 4 : base & 7));
        if (sib) {
            int index = m.index() == null ? 4 : m.index().index() & 7;
            emit(Integer.numberOfTrailingZeros(m.scale()) << 6 | index << 3 | (base & 7));
        }
        if (mod == 0x40) {
            emit(m.disp() / unit);
        } else if (mod == 0x80) {
            emit32(m.disp());
        }
    }
}
