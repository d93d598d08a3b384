package dev.excitor.runtime.ops;

import dev.excitor.runtime.vector.Lanes;
import java.util.List;
import java.util.stream.Stream;

/// One form of all operations: the definition, or the vector form of one width.
record Form(String name, Ops ops) {

    static final Form DEFINITION = new Form("scalar", Ops.scalar());

    /// The forms that are proved equal to the definition.
    static List<Form> fast() {
        return Lanes.WIDTHS.stream()
                .map(bits -> new Form("vector(%d)".formatted(bits), Ops.vector(bits)))
                .toList();
    }

    static List<Form> all() {
        return Stream.concat(Stream.of(DEFINITION), fast().stream()).toList();
    }

    @Override
    public String toString() {
        return name;
    }
}
