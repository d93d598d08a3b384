import org.jspecify.annotations.NullMarked;

/// Tensors, number formats, kernels, operations, caches and the worker team. Needs nothing but the JDK.
@NullMarked
module dev.excitor.runtime {
    requires jdk.incubator.vector;
    requires static transitive org.jspecify;

    exports dev.excitor.runtime;
    exports dev.excitor.runtime.checkpoint;
    exports dev.excitor.runtime.format;
    exports dev.excitor.runtime.kernel;
    exports dev.excitor.runtime.kv;
    exports dev.excitor.runtime.limits;
    exports dev.excitor.runtime.ops;
    exports dev.excitor.runtime.team;

    uses dev.excitor.runtime.checkpoint.CheckpointReader;
}
