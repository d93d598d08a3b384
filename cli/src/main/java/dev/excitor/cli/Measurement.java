package dev.excitor.cli;

import dev.excitor.model.evaluation.ChunkScorer;
import dev.excitor.model.evaluation.Chunks;
import java.io.IOException;

/// What `excitor perplexity` makes of the scored positions of a text.
sealed interface Measurement extends ChunkScorer.Scores permits PerplexityMeasurement, DivergenceMeasurement {

    /// Most chunks it can take.
    int mostChunks();

    /// Gets ready for a text.
    ///
    /// @param vocabulary tokens of the model's vocabulary
    void begin(Chunks chunks, int vocabulary) throws IOException;

    /// What is known when some chunks are through, for people who wait.
    String soFar(int chunks);

    /// What is known at the end, in whole lines.
    String result();
}
