package dev.excitor.runtime.limits;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.kernel.VectorApi;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.OptionalDouble;
import java.util.function.DoubleSupplier;

/// Measures what threads can do at most on this machine: read memory, and multiply without reading any.
///
/// Whatever else runs on the machine takes its part of both, so a limit belongs to the minute it was measured in:
/// measure it beside the work that is compared with it.
///
/// ```java
/// try (var limits = new Limits();
///         var team = new Team(2)) {
///     Limits.Rates rates = limits.measure(team);
/// }
/// ```
public final class Limits implements AutoCloseable {

    /// More than the caches of all but the largest servers hold.
    public static final long MEMORY_BYTES = 512L << 20;

    /// The best of so many is a limit: everything that disturbs a measurement makes it slower.
    private static final int PASSES = 5;

    private static final long PAGE_BYTES = 4096;

    private final Arena arena;
    private final MemorySegment memory;

    /// What was measured.
    ///
    /// @param threads members of the team
    /// @param read    bytes read in a second, from one end of a large memory to the other
    /// @param floats  f32 multiplications and additions in a second, fused; empty without the Vector API
    /// @param bytes   8-bit multiplications and additions in a second, by AVX-512 VNNI; empty on machines without
    /// @param tiles   brain float multiplications and additions in a second, by AMX; empty on machines without
    public record Rates(int threads, double read, OptionalDouble floats, OptionalDouble bytes, OptionalDouble tiles) {}

    /// Takes the memory to be read.
    ///
    /// @throws ExcitorException.OutOfMemory where there is no room for [#MEMORY_BYTES]
    public Limits() {
        arena = Arena.ofShared();
        try {
            memory = arena.allocate(MEMORY_BYTES, PAGE_BYTES);
        } catch (OutOfMemoryError e) {
            arena.close();
            throw new ExcitorException.OutOfMemory("the memory that is read to measure a limit", MEMORY_BYTES, e);
        }
        touch(memory);
    }

    /// Pages that were never written are all the same one.
    private static void touch(MemorySegment memory) {
        for (long at = 0; at < memory.byteSize(); at += PAGE_BYTES) {
            memory.set(ValueLayout.JAVA_LONG, at, at);
        }
    }

    /// Measures everything, the best of several passes.
    public Rates measure(Team team) {
        return new Rates(team.size(), read(team), floats(team), bytes(team), tiles(team));
    }

    private static OptionalDouble floats(Team team) {
        return VectorApi.isAvailable()
                ? OptionalDouble.of(best(() -> FloatProducts.measure(team)))
                : OptionalDouble.empty();
    }

    private static OptionalDouble bytes(Team team) {
        if (ByteProducts.obstacle().isPresent()) {
            return OptionalDouble.empty();
        }
        try (RegisterLoop products = ByteProducts.loop()) {
            return OptionalDouble.of(best(() -> products.measure(team)));
        }
    }

    private static OptionalDouble tiles(Team team) {
        if (TileProducts.obstacle().isPresent()) {
            return OptionalDouble.empty();
        }
        try (RegisterLoop products = TileProducts.loop()) {
            return OptionalDouble.of(best(() -> products.measure(team)));
        }
    }

    /// Bytes a second when the team reads memory of this process, each member its share: the best of several passes.
    public double read(Team team) {
        return read(team, memory);
    }

    /// Bytes a second when the team reads some memory, such as a mapped file: the best of several passes.
    public static double read(Team team, MemorySegment memory) {
        return best(() -> Reading.measure(team, memory));
    }

    /// The first pass only warms up: the processor, the pages, and the compiler.
    private static double best(DoubleSupplier pass) {
        double best = 0;
        for (int i = 0; i <= PASSES; i++) {
            double rate = pass.getAsDouble();
            best = i == 0 ? best : Math.max(best, rate);
        }
        return best;
    }

    /// Gives the memory back. Closing twice is fine.
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
