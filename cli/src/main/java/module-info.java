import org.jspecify.annotations.NullMarked;

@NullMarked
module dev.excitor.cli {
    requires dev.excitor.runtime;
    requires dev.excitor.model;
    requires dev.excitor.loaders;
    requires static org.jspecify;
}
