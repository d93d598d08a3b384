package dev.excitor.runtime;

import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kernel.VectorApi;
import dev.excitor.runtime.ops.Ops;
import dev.excitor.runtime.team.Team;
import dev.excitor.runtime.vector.Lanes;

/// What computes: kernels, operations and threads, passed to whoever needs them. One engine serves any number of models
/// and sessions, whose forward passes take turns on its threads.
public final class Engine implements AutoCloseable {

    private final Kernels kernels;
    private final Ops ops;
    private final Team team;

    private Engine(Kernels kernels, Ops ops, Team team) {
        this.kernels = kernels;
        this.ops = ops;
        this.team = team;
    }

    public static Engine open(EngineOptions options) {
        Kernels kernels = Kernels.of(options.tier(), options.vectorBits());
        boolean vector = options.tier() != Kernels.Tier.SCALAR && VectorApi.isAvailable();
        int bits = options.vectorBits() == 0 && vector ? Lanes.preferredBits() : options.vectorBits();
        Ops ops = vector ? Ops.vector(bits) : Ops.scalar();
        int threads = options.threads() == 0 ? Cpu.usableThreads() : options.threads();
        return new Engine(kernels, ops, new Team(threads));
    }

    /// As [#open] with defaults.
    public static Engine open() {
        return open(EngineOptions.defaults());
    }

    public Kernels kernels() {
        return kernels;
    }

    public Ops ops() {
        return ops;
    }

    public Team team() {
        return team;
    }

    /// Stops the threads, when the pass in progress has ended. Sessions that go on fail with IllegalStateException.
    @Override
    public void close() {
        team.close();
        kernels.close();
    }
}
