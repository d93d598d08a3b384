package dev.excitor.runtime.ops;

/// How element-wise operations are dealt to workers.
final class Shares {

    /// Floats in a cache line: no two workers write the same line, and every share starts at a whole vector.
    static final int LINE = 16;

    private Shares() {}
}
