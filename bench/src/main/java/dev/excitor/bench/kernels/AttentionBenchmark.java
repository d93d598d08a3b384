package dev.excitor.bench.kernels;

import dev.excitor.runtime.Engine;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kv.KvCache;
import dev.excitor.runtime.kv.KvLayout;
import dev.excitor.runtime.ops.AttentionWorkspace;
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

/// Attention of one layer at the end of a text, by default with the heads of Llama 3.2 1B.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@SuppressWarnings("NullAway.Init") // JMH sets the parameters, and then calls the set-up
public class AttentionBenchmark {

    /// Positions before the first query.
    @Param({"0", "511", "4095"})
    private int first;

    /// Queries.
    @Param({"1", "512"})
    private int n;

    @Param
    private KvLayout.Type cache;

    /// All there are.
    @Param
    private Kernels.Tier tier;

    @Param({"32"})
    private int heads;

    @Param({"8"})
    private int kvHeads;

    @Param({"64"})
    private int headDim;

    @Param({"1"})
    private int threads;

    private Arena arena;
    private Engine engine;
    private KvCache kv;
    private Team.Task attention;
    private long bytes;
    private long operations;

    @Setup(Level.Trial)
    public void prepare() {
        arena = Arena.ofShared();
        engine = Engine.open(new EngineOptions(threads, tier, 0));
        KvLayout layout = new KvLayout(1, kvHeads, headDim, headDim, cache);
        kv = new KvCache(layout, first + n);
        MemorySegment numbers = Numbers.segment(arena, Math.max(first, n) * kvHeads * headDim);
        store(numbers, first);
        kv.advance(first);
        store(numbers, n);
        AttentionWorkspace workspace = new AttentionWorkspace(arena, layout, heads, kv.capacity(), threads);
        MemorySegment q = Numbers.segment(arena, n * heads * headDim);
        MemorySegment out = arena.allocate(4L * n * heads * headDim, 64);
        float scale = (float) (1 / Math.sqrt(headDim));
        attention = worker -> engine.ops().attention().apply(worker, q, kv, 0, first, n, scale, out, workspace);
        bytes = (long) (first + n) * kvHeads * 2 * headDim * cache.bytes();
        // each query meets the positions up to its own, in a score and in the sum of values
        long pairs = (long) n * first + (long) n * (n + 1) / 2;
        operations = 4 * pairs * heads * headDim;
    }

    private void store(MemorySegment numbers, int count) {
        kv.reserve(count);
        engine.team().run(worker -> kv.store(worker, 0, numbers, numbers, count));
    }

    @Benchmark
    public void attention(Work work) {
        engine.team().run(attention);
        work.add(bytes, operations);
    }

    @TearDown(Level.Trial)
    public void close() {
        kv.close();
        engine.close();
        arena.close();
    }
}
