package dev.excitor.runtime.kernel;

/// What came of an engine's GPU.
public sealed interface GpuState {

    /// None was asked for, so that none was looked for.
    record NotWanted() implements GpuState {}

    /// @param reason why it is not used, a clause
    record Unusable(String reason) implements GpuState {}

    /// @param device            its name
    /// @param computeCapability such as `9.0`
    /// @param libraries         which were loaded, and their versions
    /// @param total             bytes of its memory
    /// @param free              bytes that were free when the engine was opened
    /// @param budget            bytes that weights may take
    /// @param weights           bytes that they take now
    /// @param matrices          how many these are
    record InUse(
            String device,
            String computeCapability,
            String libraries,
            long total,
            long free,
            long budget,
            long weights,
            int matrices)
            implements GpuState {}

    /// For people and for results: the device's name, or `none`.
    default String name() {
        return this instanceof InUse used ? used.device() : "none";
    }
}
