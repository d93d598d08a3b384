package dev.excitor.cli.bench;

import dev.excitor.model.evaluation.Moments;
import dev.excitor.model.evaluation.Sample;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongToDoubleFunction;

/// What one configuration took, run by run.
///
/// @param tokens of each run
/// @param since  the end of the first run
/// @param nanos  of each run, in the order they were measured
record Timings(int tokens, Instant since, List<Long> nanos) {

    private static final double NANOS_PER_SECOND = 1e9;

    Timings(int tokens, Instant since) {
        this(tokens, since, new ArrayList<>());
    }

    /// Tokens a second of each run.
    List<Double> rates() {
        return nanos.stream().map(this::rate).toList();
    }

    private double rate(long time) {
        return tokens * NANOS_PER_SECOND / time;
    }

    double meanNanos() {
        return moments(time -> time).mean().value();
    }

    double deviationNanos() {
        return deviation(time -> time);
    }

    double meanRate() {
        return moments(this::rate).mean().value();
    }

    double deviationRate() {
        return deviation(this::rate);
    }

    double medianRate() {
        return rateSample().quantile(0.5);
    }

    /// How far apart the quartiles of the rates are, as a share of the median: a run that was disturbed moves it
    /// little.
    double spread() {
        Sample rates = rateSample();
        return (rates.quantile(0.75) - rates.quantile(0.25)) / rates.quantile(0.5);
    }

    private Sample rateSample() {
        Sample sample = new Sample();
        nanos.forEach(time -> sample.add(rate(time)));
        return sample;
    }

    private Moments moments(LongToDoubleFunction value) {
        Moments moments = new Moments();
        nanos.forEach(time -> moments.add(value.applyAsDouble(time)));
        return moments;
    }

    /// The sample's standard deviation, 0 for a single run, as llama-bench has it.
    private double deviation(LongToDoubleFunction value) {
        int runs = nanos.size();
        return runs < 2 ? 0 : Math.sqrt(moments(value).variance() * runs / (runs - 1));
    }
}
