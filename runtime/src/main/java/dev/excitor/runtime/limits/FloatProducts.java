package dev.excitor.runtime.limits;

import dev.excitor.runtime.team.Team;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Fused multiply-adds on registers alone, in enough independent chains that none waits for another.
final class FloatProducts {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int CHAINS = 12;
    private static final int ROUNDS = 2_000_000;

    /// What was computed has to end somewhere, or the compiler leaves it out.
    private static volatile float sink;

    private FloatProducts() {}

    /// Multiplications and additions a second.
    static double measure(Team team) {
        double operations = 2.0 * SPECIES.length() * CHAINS * ROUNDS * team.size();
        return Stopwatch.rate(team, operations, worker -> sink = run(ROUNDS));
    }

    /// Each chain is `a = a x + y`, which stays near 1: numbers that overflow or vanish may be slower.
    private static float run(int rounds) {
        FloatVector x = FloatVector.broadcast(SPECIES, 0.5f);
        FloatVector y = FloatVector.broadcast(SPECIES, 0.5f);
        FloatVector a0 = FloatVector.broadcast(SPECIES, 1.25f);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector a4 = a0;
        FloatVector a5 = a0;
        FloatVector a6 = a0;
        FloatVector a7 = a0;
        FloatVector a8 = a0;
        FloatVector a9 = a0;
        FloatVector a10 = a0;
        FloatVector a11 = a0;
        for (int i = 0; i < rounds; i++) {
            a0 = a0.fma(x, y);
            a1 = a1.fma(x, y);
            a2 = a2.fma(x, y);
            a3 = a3.fma(x, y);
            a4 = a4.fma(x, y);
            a5 = a5.fma(x, y);
            a6 = a6.fma(x, y);
            a7 = a7.fma(x, y);
            a8 = a8.fma(x, y);
            a9 = a9.fma(x, y);
            a10 = a10.fma(x, y);
            a11 = a11.fma(x, y);
        }
        FloatVector low = a0.add(a1).add(a2.add(a3)).add(a4.add(a5));
        FloatVector high = a6.add(a7).add(a8.add(a9)).add(a10.add(a11));
        return low.add(high).reduceLanes(VectorOperators.ADD);
    }
}
