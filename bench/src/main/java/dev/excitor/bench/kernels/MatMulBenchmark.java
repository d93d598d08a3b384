package dev.excitor.bench.kernels;

import dev.excitor.runtime.Engine;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.kernel.Regime;
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

/// Products of activations with a matrix in each format, as a layer computes them: one row is a decode step, many are a
/// prompt. Packing the activations is part of the product.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@SuppressWarnings("NullAway.Init") // JMH sets the parameters, and then calls the set-up
public class MatMulBenchmark {

    @Param({
        "F32", "F16", "BF16", "Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL",
        "IQ4_XS"
    })
    private String format;

    /// Rows of activations.
    @Param({"1", "8", "512"})
    private int n;

    /// All there are.
    @Param
    private Kernels.Tier tier;

    @Param({"4096"})
    private int rows;

    @Param({"4096"})
    private int cols;

    @Param({"1"})
    private int threads;

    private Arena arena;
    private Engine engine;
    private Team.Task product;
    private long bytes;

    @Setup(Level.Trial)
    public void prepare() {
        arena = Arena.ofShared();
        engine = Engine.open(new EngineOptions(threads, tier, 0));
        Tensor w = Numbers.matrix(arena, Formats.of(format), new Shape(rows, cols));
        MatMul kernel = engine.kernels()
                .choose(w, n == 1 ? Regime.DECODE : Regime.PREFILL)
                .kernel();
        Activations x = new Activations(arena, n, cols, kernel.packings());
        Blocks.copyF32(Numbers.gaussian(n * cols), 0, x.data(), 0, n * cols);
        x.rows(n);
        MemorySegment y = arena.allocate(4L * n * rows, 64);
        Packing<?> packing = kernel.packing(n);
        product = worker -> {
            if (packing != null) {
                x.pack(worker, packing);
                worker.barrier();
            }
            kernel.apply(worker, w, x, y, rows);
        };
        bytes = w.data().byteSize() + x.data().byteSize();
    }

    @Benchmark
    public void product(Work work) {
        engine.team().run(product);
        work.add(bytes, 2L * n * rows * cols);
    }

    @TearDown(Level.Trial)
    public void close() {
        engine.close();
        arena.close();
    }
}
