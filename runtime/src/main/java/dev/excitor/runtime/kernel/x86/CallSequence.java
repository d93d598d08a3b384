package dev.excitor.runtime.kernel.x86;

import static dev.excitor.runtime.asm.Gpr.R12;
import static dev.excitor.runtime.asm.Gpr.R13;
import static dev.excitor.runtime.asm.Gpr.RAX;
import static dev.excitor.runtime.asm.Gpr.RBX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.foreign.Arguments;
import dev.excitor.runtime.foreign.MachineCode;

/// Machine code that calls other machine code: a list of functions, each with arguments of its own, round after round,
/// and one argument of each moves on with every round.
///
/// A product unpacks some rows, multiplies them and goes on to the next, which takes two or three calls for every few
/// rows and columns. From Java each costs some twenty arguments and the way there and back, a tenth of a microsecond
/// once all is compiled, and several microseconds before. This makes them one call for all rows of a worker.
public final class CallSequence {

    private static final int CALLS = 0;
    private static final int END = 8;
    private static final int ROUNDS = 16;

    /// Where the list begins, behind what is said about it.
    private static final int LIST = 24;

    private static final int FUNCTION = 0;
    private static final int ITS_ARGUMENTS = 8;
    /// The address of the argument that moves on, and by how much.
    private static final int MOVING = 16;

    private static final int STEP = 24;
    private static final int CALL_BYTES = 32;

    /// Room for the arguments of one function.
    private static final int ROOM = 96;

    private CallSequence() {}

    /// The memory that a sequence of `most` calls needs, a multiple of 64.
    public static int bytes(int most) {
        return (LIST + most * (CALL_BYTES + ROOM) + 63) & -64;
    }

    /// Where the arguments of a call are, in a sequence of `most`.
    ///
    /// @param call its number
    public static int arguments(int call, int most) {
        return LIST + most * CALL_BYTES + call * ROOM;
    }

    /// Writes a call into the list; its arguments are the caller's to write.
    ///
    /// @param moving the place of the argument that moves on, among its arguments
    /// @param step   by how much it does, from round to round
    public static void put(Arguments memory, int call, int most, MachineCode function, int moving, long step) {
        int entry = LIST + call * CALL_BYTES;
        long arguments = memory.address() + arguments(call, most);
        memory.set(entry + FUNCTION, function.address());
        memory.set(entry + ITS_ARGUMENTS, arguments);
        memory.set(entry + MOVING, arguments + moving);
        memory.set(entry + STEP, step);
    }

    /// Calls the first `calls` of the list, in their order, so many rounds.
    ///
    /// @param sequence what [#assemble] wrote
    public static void run(MachineCode sequence, Arguments memory, int calls, int rounds) {
        if (calls <= 0 || rounds <= 0) {
            throw new IllegalArgumentException("%d calls in %d rounds".formatted(calls, rounds));
        }
        memory.set(CALLS, memory.address() + LIST);
        memory.set(END, memory.address() + LIST + (long) calls * CALL_BYTES);
        memory.set(ROUNDS, rounds);
        sequence.call(memory);
    }

    /// The machine code, the same for all sequences.
    public static byte[] assemble() {
        Assembler a = new Assembler();
        a.push(RBX);
        a.push(R12);
        a.push(R13); // with the return address the stack is at a multiple of 16 now, as functions want it
        a.mov(RBX, RDI);
        a.mov(R12, at(RBX, ROUNDS));
        Label round = a.here();
        a.mov(R13, at(RBX, CALLS));
        Label call = a.here();
        a.mov(RDI, at(R13, ITS_ARGUMENTS));
        a.mov(RAX, at(R13, FUNCTION));
        a.call(RAX);
        a.mov(RAX, at(R13, MOVING));
        a.mov(RDI, at(RAX));
        a.add(RDI, at(R13, STEP));
        a.mov(at(RAX), RDI);
        a.add(R13, CALL_BYTES);
        a.cmp(R13, at(RBX, END));
        a.jnz(call);
        a.dec(R12);
        a.jnz(round);
        a.pop(R13);
        a.pop(R12);
        a.pop(RBX);
        a.ret();
        return a.bytes();
    }
}
