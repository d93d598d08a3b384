package dev.excitor.bench.kernels;

import dev.excitor.runtime.format.Codec;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Quantizing by one thread: nanoseconds for a number.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@SuppressWarnings("NullAway.Init") // JMH sets the parameters, and then calls the set-up
public class EncodeBenchmark {

    private static final int NUMBERS = 1 << 13;

    /// All there are, F32 and the halves aside.
    @Param({"Q8_0", "Q6_K", "Q5_1", "Q5_K", "Q5_0", "Q4_1", "Q4_K", "IQ4_NL", "Q4_0", "IQ4_XS", "Q3_K", "Q2_K"})
    private String format;

    private final float[] numbers = Numbers.gaussian(NUMBERS);
    private Arena arena;
    private MemorySegment target;
    private Format definition;
    private Codec codec;

    @Setup(Level.Trial)
    public void prepare() {
        arena = Arena.ofShared();
        definition = Formats.of(format);
        codec = Codec.of(definition);
        target = arena.allocate(definition.rowBytes(NUMBERS), 64);
    }

    @Benchmark
    @OperationsPerInvocation(NUMBERS)
    public void scalar() {
        definition.encode(numbers, 0, NUMBERS, target, 0);
    }

    @Benchmark
    @OperationsPerInvocation(NUMBERS)
    public void fast() {
        codec.encode(numbers, 0, NUMBERS, target, 0);
    }

    @TearDown(Level.Trial)
    public void close() {
        arena.close();
    }
}
