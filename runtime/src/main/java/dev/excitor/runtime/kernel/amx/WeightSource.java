package dev.excitor.runtime.kernel.amx;

import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.kernel.avx512.Listing;
import dev.excitor.runtime.kernel.avx512.Unpacker;
import dev.excitor.runtime.kernel.avx512.WeightCode;
import dev.excitor.runtime.kernel.avx512.WeightCodes;
import dev.excitor.runtime.kernel.x86.Constants;
import java.util.Optional;
import java.util.function.Function;

/// How weights of a format become brain floats.
///
/// Formats that [WeightCodes] lists are taken apart by their [Unpacker], so that a format added there is one here; to
/// add another kind, give it a [Writer] and a line in [#find].
///
/// @param unitWeights what a row is a whole number of
/// @param unitBytes   their bytes
/// @param writer      begins the listing of a kernel
record WeightSource(int unitWeights, int unitBytes, Function<Listing, Writer> writer) {

    /// Writes the instructions that make 64 weights of a row brain floats. They use the registers that a [Listing]
    /// leaves to unpackers, and zmm 2 to 15.
    interface Writer {

        /// Once per unit of a row, before its steps.
        default void begin(Gpr w) {}

        /// The 64 weights of a step of the unit at `w`, as the rows of two tiles, see [BrainTiles].
        void weights(Gpr w, int step, Vec first, Vec second);
    }

    static Optional<WeightSource> find(Format format) {
        if (format.name().equals("BF16")) {
            return Optional.of(new WeightSource(64, 128, k -> new BrainFloats(k)));
        }
        return WeightCodes.find(format)
                .map(code -> new WeightSource(code.unitWeights(), code.unitBytes(), k -> new Quantized(k, code)));
    }

    int steps() {
        return unitWeights / BrainTiles.STEP_COLS;
    }

    /// Bytes of so many columns of a row.
    long bytes(int columns) {
        return columns / unitWeights * (long) unitBytes;
    }

    /// Bytes with scales: `scale q + min`, rounded to float once, then to a brain float.
    private static final class Quantized implements Writer {

        private static final Vec Q = Vec.zmm(2);
        private static final Vec SCALE = Vec.zmm(3);
        private static final Vec MIN = Vec.zmm(4);
        private static final Vec BYTE = Vec.zmm(14);
        private static final Vec MINUS_128 = Vec.zmm(15);

        private final Assembler a;
        private final WeightCode code;
        private final Unpacker unpacker;

        Quantized(Listing k, WeightCode code) {
            this.a = k.asm();
            this.code = code;
            this.unpacker = code.unpacker().apply(k);
            a.vmovups(BYTE, k.memory(Constants.ints(i -> 0xff)));
            if (!code.affine()) {
                a.vmovups(MINUS_128, k.memory(Constants.floats(-128)));
            }
        }

        @Override
        public void begin(Gpr w) {
            unpacker.begin(w, 0);
        }

        @Override
        public void weights(Gpr w, int step, Vec first, Vec second) {
            unpacker.weights(w, 0, step, Q);
            unpacker.scales(w, 0, step, SCALE);
            if (code.affine()) {
                unpacker.mins(w, 0, step, MIN);
            } else {
                a.vmulps(MIN, SCALE, MINUS_128); // exact, so that the sum below is scale (q - 128) rounded once
            }
            for (int i = 0; i < 4; i++) {
                Vec numbers = Vec.zmm(5 + i); // weights i, i + 4, ...
                if (i == 0) {
                    a.vpandd(numbers, Q, BYTE);
                } else {
                    a.vpsrld(numbers, Q, 8 * i);
                    if (i < 3) {
                        a.vpandd(numbers, numbers, BYTE);
                    }
                }
                a.vcvtdq2ps(numbers, numbers);
                a.vfmadd213ps(numbers, SCALE, MIN);
            }
            a.vcvtne2ps2bf16(first, Vec.zmm(6), Vec.zmm(5));
            a.vcvtne2ps2bf16(second, Vec.zmm(8), Vec.zmm(7));
        }
    }

    /// What is a brain float already.
    private static final class BrainFloats implements Writer {

        private final Assembler a;
        private final Columns columns;

        BrainFloats(Listing k) {
            this.a = k.asm();
            this.columns = new Columns(a);
        }

        @Override
        public void weights(Gpr w, int step, Vec first, Vec second) {
            a.vmovups(second, at(w));
            a.vmovups(Vec.zmm(2), at(w, 64));
            columns.arrange(second, Vec.zmm(2), first);
        }
    }
}
