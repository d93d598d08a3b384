package dev.excitor.runtime.foreign;

import static dev.excitor.runtime.asm.Gpr.R8;
import static dev.excitor.runtime.asm.Gpr.RAX;
import static dev.excitor.runtime.asm.Gpr.RBX;
import static dev.excitor.runtime.asm.Gpr.RCX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RDX;
import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// What an x86-64 processor can do and the system lets it do, by asking both (`cpuid`, `xgetbv`).
public final class CpuId {

    /// An instruction set, with the place of its bit: leaf, sub-leaf, register (0 `eax` to 3 `edx`) and bit. The name
    /// is that which Linux gives it.
    public enum Feature {
        FMA(1, 0, 2, 12, State.AVX),
        F16C(1, 0, 2, 29, State.AVX),
        AVX2(7, 0, 1, 5, State.AVX),
        AVX_VNNI(7, 1, 0, 4, State.AVX),
        AVX512F(7, 0, 1, 16, State.AVX512),
        AVX512DQ(7, 0, 1, 17, State.AVX512),
        AVX512BW(7, 0, 1, 30, State.AVX512),
        AVX512VL(7, 0, 1, 31, State.AVX512),
        AVX512_VNNI(7, 0, 2, 11, State.AVX512),
        AVX512_BF16(7, 1, 0, 5, State.AVX512),
        AMX_TILE(7, 0, 3, 24, State.TILES),
        AMX_BF16(7, 0, 3, 22, State.TILES);

        private final int leaf;
        private final int subLeaf;
        private final int register;
        private final int bit;
        private final int state;

        Feature(int leaf, int subLeaf, int register, int bit, int state) {
            this.leaf = leaf;
            this.subLeaf = subLeaf;
            this.register = register;
            this.bit = bit;
            this.state = state;
        }
    }

    /// Bits of XCR0: register files that the system saves when it switches threads.
    private static final class State {
        static final int AVX = 0x06;
        static final int AVX512 = 0xe6;
        static final int TILES = 0x6_0000;
    }

    private static final int OSXSAVE = 27;

    private CpuId() {}

    /// The features of this machine. [MachineCode#obstacle] has been asked before.
    public static Set<Feature> features() {
        Set<Feature> found = EnumSet.noneOf(Feature.class);
        try (Arena arena = Arena.ofConfined();
                MachineCode cpuid = new MachineCode(cpuid());
                MachineCode xgetbv = new MachineCode(xgetbv())) {
            MemorySegment answer = arena.allocate(24, 8);
            int leaves = ask(cpuid, answer, 0, 0)[0];
            boolean saves = (ask(cpuid, answer, 1, 0)[2] >> OSXSAVE & 1) != 0;
            if (!saves) {
                return found;
            }
            xgetbv.call(answer);
            int state = answer.get(ValueLayout.JAVA_INT, 0);
            for (Feature feature : Feature.values()) {
                if (feature.leaf <= leaves
                        && (state & feature.state) == feature.state
                        && (ask(cpuid, answer, feature.leaf, feature.subLeaf)[feature.register] >> feature.bit & 1)
                                != 0) {
                    found.add(feature);
                }
            }
        }
        return found;
    }

    /// Which of the needed features are not among the present ones, as `cpu has no avx2, fma`; empty where none is
    /// missing.
    public static Optional<String> missing(Set<Feature> needed, Set<Feature> present) {
        Set<Feature> missing = EnumSet.copyOf(needed);
        missing.removeAll(present);
        return missing.isEmpty()
                ? Optional.empty()
                : Optional.of("cpu has no "
                        + missing.stream()
                                .map(feature -> feature.name().toLowerCase(Locale.ROOT))
                                .collect(Collectors.joining(", ")));
    }

    private static int[] ask(MachineCode cpuid, MemorySegment answer, int leaf, int subLeaf) {
        answer.set(ValueLayout.JAVA_INT, 0, leaf);
        answer.set(ValueLayout.JAVA_INT, 4, subLeaf);
        cpuid.call(answer);
        return answer.asSlice(8, 16).toArray(ValueLayout.JAVA_INT);
    }

    /// Reads the leaf at 0 and the sub-leaf at 4, and writes eax to edx at 8 to 23.
    private static byte[] cpuid() {
        Assembler a = new Assembler();
        a.push(RBX);
        a.mov(R8, RDI);
        a.mov(RAX.lower(), at(R8));
        a.mov(RCX.lower(), at(R8, 4));
        a.cpuid();
        a.mov(at(R8, 8), RAX.lower());
        a.mov(at(R8, 12), RBX.lower());
        a.mov(at(R8, 16), RCX.lower());
        a.mov(at(R8, 20), RDX.lower());
        a.pop(RBX);
        a.ret();
        return a.bytes();
    }

    /// Writes the lower half of XCR0 at 0.
    private static byte[] xgetbv() {
        Assembler a = new Assembler();
        a.xor(RCX.lower(), RCX.lower());
        a.xgetbv();
        a.mov(at(RDI), RAX.lower());
        a.ret();
        return a.bytes();
    }
}
