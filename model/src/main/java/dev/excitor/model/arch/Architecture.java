package dev.excitor.model.arch;

import dev.excitor.runtime.Engine;
import dev.excitor.runtime.checkpoint.Checkpoint;

/// A family of models that share a forward pass.
///
/// **To add one:** make a folder beside `llama` with a config (its metadata, checked), weights (its tensors, bound) and
/// a [Decoder] (its forward pass on one screen), and add one line to [Architectures].
public interface Architecture {

    /// As `general.architecture` spells it.
    String name();

    /// Checks and binds a checkpoint.
    ///
    /// @param vocab tokens of its vocabulary
    Decoder bind(Checkpoint checkpoint, Binder binder, Engine engine, int vocab);
}
