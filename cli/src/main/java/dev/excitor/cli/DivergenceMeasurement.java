package dev.excitor.cli;

import dev.excitor.model.evaluation.BaselineReader;
import dev.excitor.model.evaluation.Chunks;
import dev.excitor.model.evaluation.Divergence;
import dev.excitor.model.evaluation.Estimate;
import dev.excitor.model.evaluation.LogProbabilities;
import dev.excitor.model.evaluation.Sample;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// How far a model is from a saved baseline, in the words of llama.cpp, where Q is the model.
final class DivergenceMeasurement implements Measurement {

    private static final String COLUMNS =
            "chunk             PPL               ln(PPL(Q)/PPL(base))          KL Divergence              Δp RMS"
                    + "            Same top p\n";

    private static final List<Double> OF_DIVERGENCES = List.of(1.0, 0.999, 0.99, 0.95, 0.9, 0.5, 0.1, 0.05, 0.01, 0.0);
    private static final List<Double> OF_CHANGES =
            List.of(1.0, 0.999, 0.99, 0.95, 0.9, 0.75, 0.5, 0.25, 0.1, 0.05, 0.01, 0.001, 0.0);

    private final Divergence divergence = new Divergence();
    private final BaselineReader reader;
    private @Nullable LogProbabilities base;

    /// @param reader of the baseline; stays open
    DivergenceMeasurement(BaselineReader reader) {
        this.reader = reader;
    }

    @Override
    public int mostChunks() {
        return reader.count();
    }

    @Override
    public void begin(Chunks chunks, int vocabulary) throws IOException {
        reader.begin(chunks, vocabulary);
        base = new LogProbabilities(vocabulary);
    }

    @Override
    public void accept(LogProbabilities expected, int next) {
        LogProbabilities row = base;
        if (row == null) {
            throw new IllegalStateException("the measurement has not begun");
        }
        reader.read(next, row);
        divergence.add(row, expected, next);
    }

    @Override
    public String soFar(int chunks) {
        Divergence d = divergence;
        return (chunks == 1 ? COLUMNS : "")
                + "%4d".formatted(chunks)
                + estimate("  %10.4f ± %9.4f", d.perplexity(), 1)
                + estimate("  %12.5f ± %9.5f", d.logRatio(), 1)
                + estimate("  %12.5f ± %9.5f", d.divergences().mean(), 1)
                + estimate("  %8.3f ± %6.3f %%", d.rmsChange(), 100)
                + estimate("  %8.3f ± %6.3f %%\n", d.sameTop(), 100);
    }

    @Override
    public String result() {
        Divergence d = divergence;
        StringBuilder text = new StringBuilder("====== Perplexity statistics ======\n");
        line(text, "Mean PPL(Q)                   ", d.perplexity());
        line(text, "Mean PPL(base)                ", d.basePerplexity());
        text.append(String.format(Locale.ROOT, "Cor(ln(PPL(Q)), ln(PPL(base))): %6.2f%%\n", 100 * d.correlation()));
        line(text, "Mean ln(PPL(Q)/PPL(base))     ", d.logRatio());
        line(text, "Mean PPL(Q)/PPL(base)         ", d.ratio());
        line(text, "Mean PPL(Q)-PPL(base)         ", d.difference());

        text.append("\n====== KL divergence statistics ======\n");
        text.append(estimate("Mean    KLD: %10.6f ± %10.6f\n", d.divergences().mean(), 1));
        quantiles(text, d.divergences(), OF_DIVERGENCES, "KLD: %10.6f\n", 1);

        text.append("\n====== Token probability statistics ======\n");
        text.append(estimate("Mean    Δp: %6.3f ± %5.3f %%\n", d.changes().mean(), 100));
        quantiles(text, d.changes(), OF_CHANGES, "Δp: %6.3f%%\n", 100);
        text.append(estimate("RMS Δp    : %6.3f ± %5.3f %%\n", d.rmsChange(), 100));
        text.append(estimate("Same top p: %6.3f ± %5.3f %%\n", d.sameTop(), 100));
        return text.toString();
    }

    private static void line(StringBuilder text, String name, Estimate estimate) {
        text.append(name).append(estimate(": %10.6f ± %10.6f\n", estimate, 1));
    }

    private static void quantiles(StringBuilder text, Sample sample, List<Double> fractions, String form, int times) {
        for (double fraction : fractions) {
            text.append("%-8s".formatted(name(fraction)))
                    .append(String.format(Locale.ROOT, form, times * sample.quantile(fraction)));
        }
    }

    private static String name(double fraction) {
        if (fraction == 1) {
            return "Maximum";
        }
        if (fraction == 0) {
            return "Minimum";
        }
        return fraction == 0.5 ? "Median" : String.format(Locale.ROOT, "%4.1f%%", 100 * fraction);
    }

    private static String estimate(String form, Estimate estimate, int times) {
        return String.format(Locale.ROOT, form, times * estimate.value(), times * estimate.error());
    }
}
