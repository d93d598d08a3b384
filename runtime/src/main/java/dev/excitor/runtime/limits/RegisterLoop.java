package dev.excitor.runtime.limits;

import dev.excitor.runtime.foreign.Arguments;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.team.Team;

/// Machine code that does the same on registers alone, round after round.
final class RegisterLoop implements AutoCloseable {

    private final MachineCode code;
    private final double operations;
    private final long rounds;

    /// @param code       runs as many rounds as its argument says
    /// @param operations of a round
    /// @param rounds     of a measurement
    RegisterLoop(byte[] code, double operations, long rounds) {
        this.code = new MachineCode(code);
        this.operations = operations;
        this.rounds = rounds;
    }

    /// Operations a second.
    double measure(Team team) {
        return Stopwatch.rate(team, operations * rounds * team.size(), worker -> {
            Arguments arguments = worker.arguments(Long.BYTES);
            arguments.set(0, rounds);
            code.call(arguments);
        });
    }

    @Override
    public void close() {
        code.close();
    }
}
