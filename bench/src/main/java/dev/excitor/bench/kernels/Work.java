package dev.excitor.bench.kernels;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// What an operation moves and computes, beside how often it runs: JMH shows both per second.
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Work {

    /// Bytes that have to be read, at least: of the weights, of the cache, of the activations.
    public long bytes;

    /// Additions and multiplications.
    public long operations;

    void add(long moreBytes, long moreOperations) {
        bytes += moreBytes;
        operations += moreOperations;
    }
}
