import org.jspecify.annotations.NullMarked;

/// The files that come with the program: a small model of the project's own, and an adapter for it.
@NullMarked
module dev.excitor.models {
    requires transitive dev.excitor.runtime;
    requires static org.jspecify;

    exports dev.excitor.models;
}
