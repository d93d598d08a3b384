package dev.excitor.runtime.limits;

import dev.excitor.runtime.team.Team;

/// Takes the time of work that a team does together.
final class Stopwatch {

    private static final double NANOS_PER_SECOND = 1e9;

    private Stopwatch() {}

    /// How much is done in a second, from the moment all members are there to the moment the last one is done.
    ///
    /// @param amount what the whole team does in one run of the work
    static double rate(Team team, double amount, Team.Task work) {
        long[] nanos = new long[1];
        team.run(worker -> {
            worker.barrier();
            long start = System.nanoTime();
            work.run(worker);
            worker.barrier();
            if (worker.index() == 0) {
                nanos[0] = Math.max(1, System.nanoTime() - start);
            }
        });
        return amount * NANOS_PER_SECOND / nanos[0];
    }
}
