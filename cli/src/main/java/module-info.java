import org.jspecify.annotations.NullMarked;

/// The command line.
@NullMarked
module dev.excitor.cli {
    requires dev.excitor.runtime;
    requires dev.excitor.model;
    requires dev.excitor.loaders;
    requires dev.excitor.models;
    requires dev.excitor.train;
    requires com.fasterxml.jackson.core;
    requires info.picocli;
    requires org.jline;
    requires jdk.unsupported; // JLine looks there for Ctrl-C, by reflection
    requires static java.desktop; // charts of `train` alone: the launcher adds it there
    requires static xchart;
    requires static org.jspecify;

    opens dev.excitor.cli to
            info.picocli;
}
