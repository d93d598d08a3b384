import org.jspecify.annotations.NullMarked;

@NullMarked
module dev.excitor.model {
    requires transitive dev.excitor.runtime;
    requires static org.jspecify;

    exports dev.excitor.model.chat;
    exports dev.excitor.model.sampling;
    exports dev.excitor.model.tokenizer;
}
