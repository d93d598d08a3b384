import org.jspecify.annotations.NullMarked;

/// The decoder, Excitor adapters, sessions, sampling, chat templates, tokenizers and evaluation.
@NullMarked
module dev.excitor.model {
    requires transitive dev.excitor.runtime;
    requires static org.jspecify;

    exports dev.excitor.model;
    exports dev.excitor.model.adapter;
    exports dev.excitor.model.arch;
    exports dev.excitor.model.chat;
    exports dev.excitor.model.evaluation;
    exports dev.excitor.model.sampling;
    exports dev.excitor.model.tokenizer;
}
