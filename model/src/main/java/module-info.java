import org.jspecify.annotations.NullMarked;

/// The decoder, Excitor adapters, sessions, sampling, chat templates, tokenizers and evaluation.
@NullMarked
@SuppressWarnings("module") // the module that may look at an architecture is compiled after this one
module dev.excitor.model {
    requires transitive dev.excitor.runtime;
    requires static org.jspecify;

    exports dev.excitor.model;
    exports dev.excitor.model.adapter;
    exports dev.excitor.model.arch;
    exports dev.excitor.model.arch.llama to
            dev.excitor.train;
    exports dev.excitor.model.chat;
    exports dev.excitor.model.evaluation;
    exports dev.excitor.model.sampling;
    exports dev.excitor.model.tokenizer;
}
