import org.jspecify.annotations.NullMarked;

/// Training of LLaMA-Excitor adapters on frozen quantized weights.
@NullMarked
module dev.excitor.train {
    requires transitive dev.excitor.model;
    requires dev.excitor.loaders;
    requires static org.jspecify;

    exports dev.excitor.train.adapter;
    exports dev.excitor.train.decoder;
    exports dev.excitor.train.ops;
}
