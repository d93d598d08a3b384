import org.jspecify.annotations.NullMarked;

/// File formats, each a provider of [dev.excitor.runtime.checkpoint.CheckpointReader]. Knows nothing of models.
@NullMarked
module dev.excitor.loaders {
    requires transitive dev.excitor.runtime;
    requires com.fasterxml.jackson.core;
    requires com.fasterxml.jackson.databind;
    requires static org.jspecify;

    exports dev.excitor.loaders.conversion;
    exports dev.excitor.loaders.gguf;
    exports dev.excitor.loaders.huggingface;
    exports dev.excitor.loaders.safetensors;
    exports dev.excitor.loaders.tensors;

    provides dev.excitor.runtime.checkpoint.CheckpointReader with
            dev.excitor.loaders.gguf.GgufReader,
            dev.excitor.loaders.huggingface.HuggingFaceReader,
            dev.excitor.loaders.safetensors.SafetensorsReader,
            dev.excitor.loaders.meta.MetaReader,
            dev.excitor.loaders.pytorch.TorchReader;
}
