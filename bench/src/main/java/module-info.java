import org.jspecify.annotations.NullMarked;

/// Benchmarks: of kernels, against other programs, and charts of them.
@NullMarked
module dev.excitor.bench {
    requires dev.excitor.runtime;
    requires dev.excitor.model;
    requires dev.excitor.loaders;
    requires jmh.core;
    requires com.fasterxml.jackson.databind;
    requires info.picocli;
    requires java.desktop;
    requires java.xml;
    requires org.apache.xmlgraphics.batik.svggen;
    requires xchart;
    requires static org.jspecify;

    opens dev.excitor.bench to
            info.picocli;
    opens dev.excitor.bench.chart to
            info.picocli;
    opens dev.excitor.bench.compare to
            info.picocli;
}
