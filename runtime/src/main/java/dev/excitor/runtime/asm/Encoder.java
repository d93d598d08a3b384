package dev.excitor.runtime.asm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

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

    /// Traits of a vector instruction: the encodings it has, the W bit in each, and what sets it apart.
    static final int VEX = 1;
    static final int EVEX = 2;
    static final int BOTH = VEX | EVEX;
    static final int VEX_W = 4;
    static final int EVEX_W = 8;
    /// The destination is the operand that may be memory.
    static final int STORE = 16;
    /// Cannot be written under a mask.
    static final int UNMASKED = 32;
    static final int XMM_ONLY = 64;
    static final int NO_XMM = 128;

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
        if (size == 0) {
            throw new IllegalStateException("there is no code");
        }
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
        return result;
    }

    static void require(boolean possible, String complaint) {
        if (!possible) {
            throw new IllegalArgumentException(complaint);
        }
    }

    // Instructions on general purpose registers

    /// `op reg, rm` or `op rm, reg`, with a REX prefix where one is needed.
    final void integer(int opcode, int reg, Gpr rm, boolean wide) {
        rex(wide, reg, 0, rm.index());
        opcode(opcode);
        emit(0xc0 | (reg & 7) << 3 | (rm.index() & 7));
    }

    final void integer(int opcode, int reg, Mem rm, boolean wide) {
        require(!rm.broadcast(), "only vector instructions broadcast");
        rex(wide, reg, indexOf(rm), baseOf(rm));
        opcode(opcode);
        operand(reg, rm, 1, 0);
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
    /// @param traits the encodings it has and what sets it apart, [#BOTH] to [#NO_XMM]
    /// @param reg    the operand in the ModRM byte's reg field, whose size is the instruction's
    /// @param v      the operand in the vvvv field, null for none
    /// @param rm     the operand that may be memory
    /// @param tuple  what rm stands for
    final void vector(
            int traits, int pp, int map, int opcode, Vec reg, @Nullable Vec v, Operand rm, Tuple tuple, int... imm) {
        boolean broadcast = rm instanceof Mem m && m.broadcast();
        Vec written = (traits & STORE) != 0 && rm instanceof Vec r ? r : reg;
        int second = v == null ? 0 : v.index();
        int highest = Math.max(reg.index(), Math.max(second, rm instanceof Vec r ? r.index() : 0));
        boolean needsEvex = reg.bits() == 512 || highest > 15 || written.mask() != 0 || broadcast;
        check(traits, reg, v, rm, tuple, written, needsEvex, imm);
        if ((traits & VEX) != 0 && !needsEvex) {
            vex(pp, map, (traits & VEX_W) != 0, reg.bits() == 256, reg.index(), second, rm);
            emit(opcode);
            operand(reg.index(), rm, 1, imm.length);
        } else {
            boolean w = (traits & EVEX_W) != 0;
            evex(pp, map, w, reg, second, rm, written, broadcast);
            emit(opcode);
            operand(reg.index(), rm, broadcast ? w ? 8 : 4 : tuple.bytes(reg.bits()), imm.length);
        }
        emit(imm);
    }

    /// A vector instruction `op reg, rm`.
    final void vector(int traits, int pp, int map, int opcode, Vec reg, Operand rm, Tuple tuple, int... imm) {
        vector(traits, pp, map, opcode, reg, null, rm, tuple, imm);
    }

    private static void check(
            int traits, Vec reg, @Nullable Vec v, Operand rm, Tuple tuple, Vec written, boolean needsEvex, int[] imm) {
        int bits = reg.bits();
        boolean stores = (traits & STORE) != 0;
        require(
                !needsEvex || (traits & EVEX) != 0,
                "this instruction has no zmm, no registers from 16 on, no masks and no broadcasts");
        require(tuple.fits(bits), "a part is as large as the register");
        require((traits & XMM_ONLY) == 0 || bits == 128, "this instruction is on xmm registers");
        require((traits & NO_XMM) == 0 || bits > 128, "this instruction is on ymm and zmm registers");
        require(v == null || v.bits() == bits, "the registers differ in size");
        require(v == null || v.mask() == 0, "only what is written has a mask");
        switch (rm) {
            case Vec r -> {
                require(r.bits() == tuple.registerBits(bits), "the registers do not belong together in size");
                require((stores ? reg : r).mask() == 0, "only what is written has a mask");
            }
            case Mem m -> {
                require(!m.broadcast() || tuple == Tuple.FULL, "this instruction does not broadcast");
                require(!stores || !written.zeroing(), "memory is not zeroed");
            }
        }
        require((traits & UNMASKED) == 0 || written.mask() == 0, "this instruction knows no masks");
        for (int value : imm) {
            require(value >= 0 && value <= 255, "the last operand is a byte");
        }
    }

    private void evex(int pp, int map, boolean w, Vec reg, int v, Operand rm, Vec written, boolean broadcast) {
        int x = switch (rm) {
            case Vec r -> r.index() >> 4;
            case Mem m -> indexOf(m) >> 3;
        };
        int b = switch (rm) {
            case Vec r -> r.index() >> 3 & 1;
            case Mem m -> baseOf(m) >> 3;
        };
        int r = reg.index() >> 3 & 1;
        int r2 = reg.index() >> 4;
        int length = reg.bits() >> 8;
        emit(
                0x62,
                (r ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | (r2 ^ 1) << 4 | map,
                (w ? 0x80 : 0) | (~v & 15) << 3 | 4 | pp,
                (written.zeroing() ? 0x80 : 0)
                        | length << 5
                        | (broadcast ? 0x10 : 0)
                        | (v >> 4 ^ 1) << 3
                        | written.mask());
    }

    /// A VEX prefix, of two bytes where that is enough.
    final void vex(int pp, int map, boolean w, boolean wide, int reg, int v, Operand rm) {
        int x = rm instanceof Mem m ? indexOf(m) >> 3 : 0;
        int b = switch (rm) {
            case Vec r -> r.index() >> 3;
            case Mem m -> baseOf(m) >> 3;
        };
        int last = (~v & 15) << 3 | (wide ? 4 : 0) | pp;
        int r = (reg >> 3 ^ 1) << 7;
        if (x == 0 && b == 0 && map == M0F && !w) {
            emit(0xc5, r | last);
        } else {
            emit(0xc4, r | (x ^ 1) << 6 | (b ^ 1) << 5 | map, (w ? 0x80 : 0) | last);
        }
    }

    private static int indexOf(Mem m) {
        return m.index() == null ? 0 : m.index().index();
    }

    private static int baseOf(Mem m) {
        return m.base() == null ? 0 : m.base().index();
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
        int base = baseOf(m);
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
