package dev.excitor.cli.bench;

import java.util.ArrayList;
import java.util.List;

/// What is measured, and in which order: in rounds, each of which measures every configuration once. Whatever slows
/// the machine down for a while then slows all of them, and not the one that happened to be next.
///
/// @param configurations in the order of the results
/// @param repetitions    rounds
public record Plan(List<Configuration> configurations, int repetitions) {

    /// One measurement.
    ///
    /// @param round from 0
    public record Step(int round, Configuration configuration) {}

    public static Plan of(Axes axes, int repetitions) {
        return new Plan(axes.configurations(), repetitions);
    }

    /// All measurements.
    public List<Step> steps() {
        List<Step> steps = new ArrayList<>();
        for (int round = 0; round < repetitions; round++) {
            for (Configuration configuration : configurations) {
                steps.add(new Step(round, configuration));
            }
        }
        return steps;
    }

    /// Positions that the cache of a setup needs.
    int context(Setup setup) {
        return configurations.stream()
                .filter(configuration -> configuration.setup().equals(setup))
                .mapToInt(configuration -> configuration.workload().end())
                .max()
                .orElse(1);
    }
}
