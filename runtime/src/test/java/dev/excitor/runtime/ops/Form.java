package dev.excitor.runtime.ops;

import dev.excitor.runtime.kernel.avx512.Avx512Ops;
import dev.excitor.runtime.kernel.avx512.Avx512Provider;
import dev.excitor.runtime.vector.Lanes;
import java.util.List;
import java.util.stream.Stream;

/// One form of all operations: the definition, the vector form of one width, or machine code.
record Form(String name, Ops ops) {

    static final Form DEFINITION = new Form("scalar", Ops.scalar());

    /// Machine code stays mapped as long as the tests run.
    private static final List<Form> NATIVE = Avx512Provider.obstacle().isPresent()
            ? List.of()
            : List.of(new Form("native(avx512)", new Avx512Ops().over(Ops.vector(512))));

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
