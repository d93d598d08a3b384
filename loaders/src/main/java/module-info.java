import org.jspecify.annotations.NullMarked;

@NullMarked
module dev.excitor.loaders {
    requires transitive dev.excitor.runtime;
    requires static org.jspecify;
}
