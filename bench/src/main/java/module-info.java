import org.jspecify.annotations.NullMarked;

/// JMH benchmarks.
@NullMarked
module dev.excitor.bench {
    requires dev.excitor.runtime;
    requires dev.excitor.model;
    requires dev.excitor.loaders;
    requires jmh.core;
    requires static org.jspecify;
}
