package dev.excitor.model;

import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;

/// A contract that each engine keeps in a test class of its own, and so in a JVM of its own.
///
/// The compiler inlines the Vector API by what it has seen of the types that pass through it. Where several widths
/// have run, vectors are boxed and kernels take a hundred times as long; a program uses one width.
@Tag("own-jvm")
interface OnOneEngine {

    /// The engine that keeps the contract.
    EngineOptions engine();

    default Model open(Path model, CheckpointReader.Memory memory) {
        return Model.open(model, engine(), memory);
    }
}
