package dev.excitor.bench.kernels;

import dev.excitor.runtime.Engine;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.ops.Ops;
import dev.excitor.runtime.ops.RopeFrequencies;
import dev.excitor.runtime.ops.RopeTable;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// The operations between matrix products, on rows of one width. Operations are counted
/// as the formula has them, an exponential as one.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@SuppressWarnings("NullAway.Init") // JMH sets the parameters, and then calls the set-up
public class OpsBenchmark {

    private static final int HEAD_DIM = 64;

    /// Rows.
    @Param({"1", "512"})
    private int n;

    /// A multiple of the head size, 64.
    @Param({"2048"})
    private int width;

    /// All there are.
    @Param
    private Kernels.Tier tier;

    @Param({"1"})
    private int threads;

    private Arena arena;
    private Engine engine;
    private long numbers;
    private Team.Task rmsNorm;
    private Team.Task softmax;
    private Team.Task swiGlu;
    private Team.Task add;
    private Team.Task rope;

    @Setup(Level.Trial)
    public void prepare() {
        arena = Arena.ofShared();
        engine = Engine.open(new EngineOptions(threads, tier, 0));
        Ops ops = engine.ops();
        numbers = (long) n * width;
        MemorySegment x = Numbers.segment(arena, n * width);
        MemorySegment y = Numbers.segment(arena, n * width);
        MemorySegment z = Numbers.segment(arena, n * width);
        MemorySegment weight = Numbers.segment(arena, width);
        RopeTable table = new RopeTable(
                arena, new RopeFrequencies(HEAD_DIM, 10_000f, new float[0], new RopeFrequencies.NoScaling()), n);
        engine.team().run(worker -> table.fill(worker, 100, n));
        rmsNorm = worker -> ops.rmsNorm().apply(worker, x, weight, 1e-5f, z, n, width);
        softmax = worker -> ops.softmax().apply(worker, z, n, width);
        swiGlu = worker -> ops.swiGlu().apply(worker, x, y, z, n, width);
        add = worker -> ops.add().apply(worker, z, y, n, width);
        rope = worker -> ops.rope().apply(worker, z, n, width / HEAD_DIM, HEAD_DIM, table);
    }

    @Benchmark
    public void rmsNorm(Work work) {
        run(rmsNorm, work, 1, 4);
    }

    @Benchmark
    public void softmax(Work work) {
        run(softmax, work, 1, 4);
    }

    @Benchmark
    public void swiGlu(Work work) {
        run(swiGlu, work, 2, 4);
    }

    @Benchmark
    public void add(Work work) {
        run(add, work, 2, 1);
    }

    @Benchmark
    public void rope(Work work) {
        run(rope, work, 1, 3);
    }

    /// @param inputs     rows read for a row written
    /// @param operations for a number
    private void run(Team.Task task, Work work, int inputs, int operations) {
        engine.team().run(task);
        work.add(4L * inputs * numbers, operations * numbers);
    }

    @TearDown(Level.Trial)
    public void close() {
        engine.close();
        arena.close();
    }
}
