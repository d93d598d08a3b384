package dev.excitor.runtime.limits;

import dev.excitor.runtime.team.Team;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Reads memory as fast as it comes: one word of each cache line, since memory delivers whole lines, and so few
/// instructions leave the processor room to ask for many lines at once.
///
/// Each member reads several runs of its share in turn: a processor fetches ahead within a page and not across, so
/// that one run alone leaves the memory idle at every page's end.
final class Reading {

    private static final int LINE_BYTES = 64;
    private static final int RUNS = 4;

    /// What was read has to end somewhere, or the compiler leaves out the reading.
    private static volatile long sink;

    private Reading() {}

    /// Bytes a second.
    static double measure(Team team, MemorySegment memory) {
        long run = memory.byteSize() / team.size() / RUNS / LINE_BYTES * LINE_BYTES;
        if (run == 0) {
            throw new IllegalArgumentException(
                    "%d bytes are too few for %d threads".formatted(memory.byteSize(), team.size()));
        }
        return Stopwatch.rate(
                team,
                (double) run * RUNS * team.size(),
                worker -> sink = read(memory, run * RUNS * worker.index(), run));
    }

    private static long read(MemorySegment memory, long from, long run) {
        long a = 0;
        long b = 0;
        long c = 0;
        long d = 0;
        for (long at = from; at < from + run; at += LINE_BYTES) {
            a ^= memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
            b ^= memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at + run);
            c ^= memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at + 2 * run);
            d ^= memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at + 3 * run);
        }
        return a ^ b ^ c ^ d;
    }
}
