package dev.excitor.cli;

import dev.excitor.model.evaluation.BaselineWriter;
import dev.excitor.model.evaluation.Chunks;
import dev.excitor.model.evaluation.Estimate;
import dev.excitor.model.evaluation.LogProbabilities;
import dev.excitor.model.evaluation.Perplexity;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The perplexity of a text, in the words of llama.cpp; along the way all expectations may be saved.
final class PerplexityMeasurement implements Measurement {

    private final Perplexity perplexity = new Perplexity();
    private final @Nullable WritableByteChannel file;
    private @Nullable BaselineWriter baseline;

    /// @param file of an empty file for the baseline, or null
    PerplexityMeasurement(@Nullable WritableByteChannel file) {
        this.file = file;
    }

    @Override
    public int mostChunks() {
        return Integer.MAX_VALUE;
    }

    @Override
    public void begin(Chunks chunks, int vocabulary) throws IOException {
        if (file != null) {
            baseline = new BaselineWriter(file, chunks, vocabulary);
        }
    }

    @Override
    public void accept(LogProbabilities expected, int next) {
        perplexity.add(expected.of(next));
        if (baseline != null) {
            baseline.add(expected, next);
        }
    }

    @Override
    public String soFar(int chunks) {
        return String.format(
                Locale.ROOT, "[%d]%.4f,", chunks, perplexity.estimate().value());
    }

    @Override
    public String result() {
        Estimate estimate = perplexity.estimate();
        return String.format(Locale.ROOT, "Final estimate: PPL = %.4f +/- %.5f\n", estimate.value(), estimate.error());
    }
}
