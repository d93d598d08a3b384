import org.jspecify.annotations.NullMarked;

/// File formats, each a provider of [dev.excitor.runtime.checkpoint.CheckpointReader]. Knows nothing of models.
@NullMarked
module dev.excitor.loaders {
    requires transitive dev.excitor.runtime;
    requires static org.jspecify;

    exports dev.excitor.loaders.gguf;

    provides dev.excitor.runtime.checkpoint.CheckpointReader with
            dev.excitor.loaders.gguf.GgufReader;
}
