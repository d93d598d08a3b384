package dev.excitor.runtime;

import dev.excitor.runtime.kernel.GpuState;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kernel.VectorApi;
import dev.excitor.runtime.kernel.avx2.Avx2Provider;
import dev.excitor.runtime.kernel.avx512.Avx512Provider;
import dev.excitor.runtime.kernel.cublas.CublasProvider;
import dev.excitor.runtime.kernel.x86.ops.NativeOps;
import dev.excitor.runtime.kernel.x86.ops.Registers;
import dev.excitor.runtime.ops.Ops;
import dev.excitor.runtime.team.Team;
import dev.excitor.runtime.vector.Lanes;
import java.util.Optional;

/// What computes: kernels, operations and threads, passed to whoever needs them. One engine serves any number of models
/// and sessions, whose forward passes take turns on its threads.
public final class Engine implements AutoCloseable {

    private final Kernels kernels;
    private final Kernels cpu;
    private final Ops ops;
    private final Team team;
    private final int threads;
    private final int batchThreads;
    private final int vectorBits;
    private final Runnable freeOps;
    private final Optional<CublasProvider> gpu;

    private Engine(
            Kernels kernels,
            Kernels cpu,
            Ops ops,
            Team team,
            EngineOptions options,
            int vectorBits,
            Runnable freeOps,
            Optional<CublasProvider> gpu) {
        this.kernels = kernels;
        this.cpu = cpu;
        this.ops = ops;
        this.team = team;
        this.threads = options.actualThreads();
        this.batchThreads = options.actualBatchThreads();
        this.vectorBits = vectorBits;
        this.freeOps = freeOps;
        this.gpu = gpu;
    }

    public static Engine open(EngineOptions options) {
        Kernels cpu = Kernels.of(options.tier(), options.vectorBits());
        boolean vector = options.tier() != Kernels.Tier.SCALAR && VectorApi.isAvailable();
        int bits = vector ? vectorBits(options) : 0;
        Ops portable = vector ? Ops.vector(bits) : Ops.scalar();
        Team team = new Team(Math.max(options.actualThreads(), options.actualBatchThreads()));
        Optional<CublasProvider> gpu = gpu(options.gpu(), cpu, team);
        Kernels kernels = gpu.map(cpu::behind).orElse(cpu);
        Optional<Registers> registers = registers(options.tier());
        if (registers.isPresent()) {
            NativeOps nativeOps = new NativeOps(registers.get());
            return new Engine(kernels, cpu, nativeOps.over(portable), team, options, bits, nativeOps::close, gpu);
        }
        return new Engine(kernels, cpu, portable, team, options, bits, () -> {}, gpu);
    }

    /// Where none is wanted, none is looked for and nothing of CUDA loaded.
    private static Optional<CublasProvider> gpu(GpuOptions options, Kernels cpu, Team team) {
        return options.layers() == 0 ? Optional.empty() : Optional.of(CublasProvider.open(options, cpu, team));
    }

    private static int vectorBits(EngineOptions options) {
        return options.vectorBits() == 0 ? Lanes.preferredBits() : options.vectorBits();
    }

    /// Which operations in machine code run: those of the widest registers that the tier and the processor have.
    private static Optional<Registers> registers(Kernels.Tier tier) {
        boolean wide = tier == Kernels.Tier.AUTO || tier == Kernels.Tier.NATIVE || tier == Kernels.Tier.AVX512;
        if (wide && Avx512Provider.obstacle().isEmpty()) {
            return Optional.of(Registers.ZMM);
        }
        boolean narrow = wide || tier == Kernels.Tier.AVX2;
        return narrow && Avx2Provider.obstacle().isEmpty() ? Optional.of(Registers.YMM) : Optional.empty();
    }

    /// As [#open] with defaults.
    public static Engine open() {
        return open(EngineOptions.defaults());
    }

    public Kernels kernels() {
        return kernels;
    }

    /// The same without the GPU's, which multiplies with copies: for weights that change.
    public Kernels cpuKernels() {
        return cpu;
    }

    public Ops ops() {
        return ops;
    }

    /// All threads there are.
    public Team team() {
        return team;
    }

    /// Threads that a pass of so many tokens runs on.
    public int threads(int tokens) {
        return tokens > 1 ? batchThreads : threads;
    }

    /// Width of the portable vector operations; 0 where only the scalar ones run.
    public int vectorBits() {
        return vectorBits;
    }

    /// What came of the GPU.
    public GpuState gpu() {
        return gpu.map(CublasProvider::state).orElseGet(GpuState.NotWanted::new);
    }

    /// Stops the threads, when the pass in progress has ended. Sessions that go on fail with IllegalStateException.
    @Override
    public void close() {
        team.close();
        kernels.close();
        freeOps.run();
    }
}
