package dev.excitor.model.arch;

import dev.excitor.model.arch.llama.Llama;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Checkpoint;
import java.util.List;

/// The list of architectures. Adding one is adding one line.
public final class Architectures {

    private static final List<Architecture> ALL = List.of( //
            new Llama());

    private Architectures() {}

    /// The architecture that a checkpoint names.
    public static Architecture of(Checkpoint checkpoint) {
        String name = checkpoint.metadata().string("general.architecture");
        return ALL.stream()
                .filter(architecture -> architecture.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new ExcitorException.Unsupported(
                        checkpoint.path() + ": general.architecture = " + name,
                        ALL.stream().map(Architecture::name).toList()));
    }
}
