package dev.excitor.runtime.kernel.x86;

import dev.excitor.runtime.foreign.MachineCode;
import java.util.ArrayList;
import java.util.List;

/// All functions that one provider has written, freed together.
public final class CodeStore implements AutoCloseable {

    private final List<MachineCode> all = new ArrayList<>();

    public MachineCode install(byte[] code) {
        MachineCode installed = new MachineCode(code);
        all.add(installed);
        return installed;
    }

    @Override
    public void close() {
        all.forEach(MachineCode::close);
    }
}
