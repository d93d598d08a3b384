package dev.excitor.runtime.kernel.x86;

import dev.excitor.runtime.foreign.MachineCode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// All functions that one provider has written, freed together.
public final class CodeStore implements AutoCloseable {

    private final List<MachineCode> all = new ArrayList<>();
    private @Nullable MachineCode sequence;

    public MachineCode install(byte[] code) {
        MachineCode installed = new MachineCode(code);
        all.add(installed);
        return installed;
    }

    /// A [CallSequence], one for all who want it.
    public MachineCode callSequence() {
        if (sequence == null) {
            sequence = install(CallSequence.assemble());
        }
        return sequence;
    }

    @Override
    public void close() {
        all.forEach(MachineCode::close);
    }
}
