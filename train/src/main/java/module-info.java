import org.jspecify.annotations.NullMarked;

/// Training of LLaMA-Excitor adapters on frozen quantized weights, and of the small model that comes with the program.
@NullMarked
module dev.excitor.train {
    requires transitive dev.excitor.model;
    requires dev.excitor.loaders;
    requires com.fasterxml.jackson.core;
    requires static org.jspecify;

    exports dev.excitor.train;
    exports dev.excitor.train.adapter;
    exports dev.excitor.train.corpus;
    exports dev.excitor.train.data;
    exports dev.excitor.train.decoder;
    exports dev.excitor.train.ops;
    exports dev.excitor.train.pretrain;
    exports dev.excitor.train.task;
    exports dev.excitor.train.vocabulary;
}
