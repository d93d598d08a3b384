package dev.excitor.runtime.ops;

import dev.excitor.runtime.kernel.avx2.Avx2Provider;
import dev.excitor.runtime.kernel.avx512.Avx512Provider;
import dev.excitor.runtime.kernel.x86.ops.NativeOps;
import dev.excitor.runtime.kernel.x86.ops.Registers;
import dev.excitor.runtime.vector.Lanes;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// One form of all operations: the definition, the vector form of one width, or machine code.
record Form(String name, Ops ops) {

    static final Form DEFINITION = new Form("scalar", Ops.scalar());

    /// Machine code stays mapped as long as the tests run.
    private static final List<Form> NATIVE = Stream.of(
                    machineCode("native(avx2)", Registers.YMM, 256, Avx2Provider.obstacle()),
                    machineCode("native(avx512)", Registers.ZMM, 512, Avx512Provider.obstacle()))
            .flatMap(Optional::stream)
            .toList();

    private static Optional<Form> machineCode(String name, Registers registers, int bits, Optional<String> obstacle) {
        return obstacle.isPresent()
                ? Optional.empty()
                : Optional.of(new Form(name, new NativeOps(registers).over(Ops.vector(bits))));
    }

    /// The forms that are proved equal to the definition, as far as this machine runs them.
    static List<Form> fast() {
        Stream<Form> vector =
                Lanes.WIDTHS.stream().map(bits -> new Form("vector(%d)".formatted(bits), Ops.vector(bits)));
        return Stream.concat(vector, NATIVE.stream()).toList();
    }

    static List<Form> all() {
        return Stream.concat(Stream.of(DEFINITION), fast().stream()).toList();
    }

    @Override
    public String toString() {
        return name;
    }
}
