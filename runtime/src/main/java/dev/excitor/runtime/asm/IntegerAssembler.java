package dev.excitor.runtime.asm;

/// Labels, jumps, and the instructions on general purpose registers.
abstract class IntegerAssembler extends Encoder {

    IntegerAssembler(boolean avx512) {
        super(avx512);
    }

    // Labels and control

    public void bind(Label label) {
        label.bind(position());
    }

    /// A label bound to this place.
    public Label here() {
        Label label = new Label();
        bind(label);
        return label;
    }

    public void jmp(Label target) {
        jump(0xeb, target);
    }

    public void jz(Label target) {
        jump(0x74, target);
    }

    public void jnz(Label target) {
        jump(0x75, target);
    }

    /// Unsigned below.
    public void jb(Label target) {
        jump(0x72, target);
    }

    /// Unsigned above or equal.
    public void jae(Label target) {
        jump(0x73, target);
    }

    /// Signed less.
    public void jl(Label target) {
        jump(0x7c, target);
    }

    /// Signed greater or equal.
    public void jge(Label target) {
        jump(0x7d, target);
    }

    /// Backwards as short as possible, forwards with a full distance.
    private void jump(int shortOpcode, Label target) {
        if (target.isBound() && target.position() - position() - 2 >= -128) {
            emit(shortOpcode, target.position() - position() - 2);
        } else if (shortOpcode == 0xeb) {
            emit(0xe9);
            reference(target, 0);
        } else {
            emit(0x0f, shortOpcode + 0x10);
            reference(target, 0);
        }
    }

    public void ret() {
        emit(0xc3);
    }

    /// Calls the function whose address the register holds.
    public void call(Gpr r) {
        require(r.bits() == 64, "an address has 64 bits");
        if (r.index() > 7) {
            emit(0x41);
        }
        emit(0xff, 0xd0 | (r.index() & 7));
    }

    public void push(Gpr r) {
        stack(0x50, r);
    }

    public void pop(Gpr r) {
        stack(0x58, r);
    }

    private void stack(int opcode, Gpr r) {
        require(r.bits() == 64, "the stack holds registers of 64 bits");
        if (r.index() > 7) {
            emit(0x41);
        }
        emit(opcode | (r.index() & 7));
    }

    public void cpuid() {
        emit(0x0f, 0xa2);
    }

    public void xgetbv() {
        emit(0x0f, 0x01, 0xd0);
    }

    /// Loads before it come before loads behind it.
    public void lfence() {
        emit(0x0f, 0xae, 0xe8);
    }

    /// Stores before it come before stores behind it.
    public void sfence() {
        emit(0x0f, 0xae, 0xf8);
    }

    /// Asks for the line of an address, into all levels of cache.
    public void prefetcht0(Mem m) {
        integer(0x0f18, 1, m, false);
    }

    /// The same, leaving out the first level.
    public void prefetcht1(Mem m) {
        integer(0x0f18, 2, m, false);
    }

    // Moves

    public void mov(Gpr d, Gpr s) {
        both(0x89, s, d);
    }

    public void mov(Gpr d, Mem s) {
        load(0x8b, d, s);
    }

    public void mov(Mem d, Gpr s) {
        load(0x89, s, d);
    }

    /// Sign-extended where the register has 64 bits.
    public void mov(Gpr d, int value) {
        if (d.bits() == 64) {
            integer(0xc7, 0, d, true);
        } else {
            if (d.index() > 7) {
                emit(0x41);
            }
            emit(0xb8 | (d.index() & 7));
        }
        emit32(value);
    }

    /// 32 bits, sign-extended to 64.
    public void movsxd(Gpr d, Gpr s) {
        require(d.bits() == 64 && s.bits() == 32, "movsxd goes from 32 to 64 bits");
        integer(0x63, d.index(), s, true);
    }

    public void movsxd(Gpr d, Mem s) {
        require(d.bits() == 64, "movsxd goes from 32 to 64 bits");
        load(0x63, d, s);
    }

    /// A 16-bit word, zero-extended.
    public void movzxw(Gpr d, Mem s) {
        load(0x0fb7, d, s);
    }

    public void lea(Gpr d, Mem s) {
        load(0x8d, d, s);
    }

    // Arithmetic

    public void add(Gpr d, Gpr s) {
        both(0x01, s, d);
    }

    public void add(Gpr d, Mem s) {
        load(0x03, d, s);
    }

    public void add(Gpr d, int value) {
        arithmetic(0, d, value);
    }

    public void sub(Gpr d, Gpr s) {
        both(0x29, s, d);
    }

    public void sub(Gpr d, int value) {
        arithmetic(5, d, value);
    }

    public void cmp(Gpr d, Gpr s) {
        both(0x39, s, d);
    }

    public void cmp(Gpr d, Mem s) {
        load(0x3b, d, s);
    }

    public void cmp(Gpr d, int value) {
        arithmetic(7, d, value);
    }

    public void imul(Gpr d, Gpr s) {
        both(0x0faf, d, s);
    }

    /// `d = s value`
    public void imul(Gpr d, Gpr s, int value) {
        if (isByte(value)) {
            both(0x6b, d, s);
            emit(value);
        } else {
            both(0x69, d, s);
            emit32(value);
        }
    }

    public void neg(Gpr d) {
        one(0xf7, 3, d);
    }

    public void dec(Gpr d) {
        one(0xff, 1, d);
    }

    // Bits

    public void and(Gpr d, Gpr s) {
        both(0x21, s, d);
    }

    public void and(Gpr d, int value) {
        arithmetic(4, d, value);
    }

    public void or(Gpr d, Gpr s) {
        both(0x09, s, d);
    }

    public void xor(Gpr d, Gpr s) {
        both(0x31, s, d);
    }

    public void test(Gpr d, Gpr s) {
        both(0x85, s, d);
    }

    public void shl(Gpr d, int count) {
        shift(4, d, count);
    }

    public void shr(Gpr d, int count) {
        shift(5, d, count);
    }

    /// Fills with the sign.
    public void sar(Gpr d, int count) {
        shift(7, d, count);
    }

    // Forms

    /// `op reg, rm` or `op rm, reg`.
    private void both(int opcode, Gpr reg, Gpr rm) {
        require(reg.bits() == rm.bits(), "the registers differ in size");
        integer(opcode, reg.index(), rm, rm.bits() == 64);
    }

    /// `op reg, [rm]` or `op [rm], reg`.
    private void load(int opcode, Gpr reg, Mem rm) {
        integer(opcode, reg.index(), rm, reg.bits() == 64);
    }

    /// An instruction on one register, with the rest of its opcode in the reg field.
    private void one(int opcode, int extension, Gpr rm) {
        integer(opcode, extension, rm, rm.bits() == 64);
    }

    /// A small value takes a byte, and `eax` with a large one has opcodes of its own.
    private void arithmetic(int operation, Gpr d, int value) {
        if (isByte(value)) {
            one(0x83, operation, d);
            emit(value);
        } else if (d.index() == 0) {
            if (d.bits() == 64) {
                emit(0x48);
            }
            emit(operation << 3 | 5);
            emit32(value);
        } else {
            one(0x81, operation, d);
            emit32(value);
        }
    }

    /// A shift by one has an opcode of its own, a byte shorter.
    private void shift(int operation, Gpr d, int count) {
        require(count >= 0 && count < d.bits(), "the count is outside the register");
        if (count == 1) {
            one(0xd1, operation, d);
        } else {
            one(0xc1, operation, d);
            emit(count);
        }
    }

    private static boolean isByte(int value) {
        return value >= -128 && value <= 127;
    }
}
