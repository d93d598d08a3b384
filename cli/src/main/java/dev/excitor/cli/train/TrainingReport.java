package dev.excitor.cli.train;

import dev.excitor.model.Model;
import dev.excitor.model.Session;
import dev.excitor.model.SessionOptions;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.adapter.ExcitorConfig;
import dev.excitor.model.evaluation.ChunkScorer;
import dev.excitor.model.evaluation.Chunks;
import dev.excitor.model.evaluation.Divergence;
import dev.excitor.model.evaluation.LogProbabilities;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.model.tokenizer.Vocabulary;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.train.Example;
import dev.excitor.train.ExcitorTrainer;
import dev.excitor.train.ops.Sequences;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/// What tuning did: to the examples, to everything else, and inside.
///
/// @param before     loss of the measured examples before the first update; NaN where unknown
/// @param after      their loss with the adapter
/// @param validation whether they were not learned
/// @param divergence of the model with the adapter from the model, on a text about anything
/// @param layers     with a block
/// @param gates      of each of them, the gate of every query head, after its activation
/// @param moved      of each of them, the share of attention that the block moves
/// @param speed      tokens per second
public record TrainingReport(
        Path adapter,
        double before,
        double after,
        boolean validation,
        Optional<Divergence> divergence,
        List<Integer> layers,
        List<float[]> gates,
        double[] moved,
        double speed) {

    /// Most chunks of the general text.
    private static final int CHUNKS = 16;

    private static final int CHUNK = 256;

    /// Measures everything.
    ///
    /// @param adapter the file that has been written
    /// @param text    about anything, for the divergence
    public static TrainingReport of(
            Model model, ExcitorTrainer trainer, TrainingRun run, Path adapter, Optional<byte[]> text)
            throws IOException {
        ExcitorConfig config = trainer.parameters().config();
        List<Example> measured = run.measured();
        List<float[]> gates = new ArrayList<>();
        for (int layer : config.layers()) {
            float[] ofLayer = new float[config.base().heads()];
            for (int head = 0; head < ofLayer.length; head++) {
                ofLayer[head] = trainer.parameters().gate(layer, head);
            }
            gates.add(ofLayer);
        }
        return new TrainingReport(
                adapter,
                run.lossBefore(),
                trainer.loss(measured),
                !run.data().validation().isEmpty(),
                text.map(bytes -> divergence(model, Adapter.open(adapter), bytes)),
                config.layers(),
                gates,
                moved(trainer, measured),
                run.tokensPerSecond());
    }

    /// A mean over examples, each counting as often as it has tokens.
    private static double[] moved(ExcitorTrainer trainer, List<Example> examples) {
        List<Integer> layers = trainer.parameters().config().layers();
        double[] sums = new double[layers.size()];
        long tokens = 0;
        for (Example example : examples) {
            int length = example.tokens().length;
            Sequences one = new Sequences(example.tokens(), example.targets(), new int[] {0, length});
            double[] all = trainer.decoder().attentionMoved(one);
            for (int i = 0; i < sums.length; i++) {
                sums[i] += all[layers.get(i)] * length;
            }
            tokens += length;
        }
        long total = tokens;
        return Arrays.stream(sums).map(sum -> sum / total).toArray();
    }

    /// Chunk by chunk, so that the logits of a chunk are all that is kept of the base.
    private static Divergence divergence(Model model, Adapter adapter, byte[] text) {
        Tokenizer tokenizer = model.tokenizer();
        int[] tokens = tokenizer.encode(text, EncodeOptions.PROMPT);
        int bos = tokenizer.addsBos() ? tokenizer.vocabulary().bos() : Vocabulary.NONE;
        int size = Math.min(CHUNK, Math.max(4, Math.min(model.dimensions().context(), tokens.length / 2)));
        Chunks chunks = Chunks.of(tokens, size, bos, CHUNKS);
        int vocab = model.dimensions().vocab();
        Divergence divergence = new Divergence();
        SessionOptions options = SessionOptions.defaults().context(size);
        try (Session base = model.newSession(options);
                Session adapted = model.newSession(options.adapter(adapter));
                Arena arena = Arena.ofConfined()) {
            MemorySegment row = arena.allocate(4L * vocab);
            ChunkScorer baseScorer = new ChunkScorer(base);
            ChunkScorer adaptedScorer = new ChunkScorer(adapted);
            LogProbabilities expected = new LogProbabilities(vocab);
            for (int i = 0; i < chunks.count(); i++) {
                List<float[]> rows = new ArrayList<>();
                baseScorer.score(chunks.chunk(i), (logs, next) -> {
                    float[] copy = new float[vocab];
                    for (int token = 0; token < vocab; token++) {
                        copy[token] = (float) logs.of(token);
                    }
                    rows.add(copy);
                });
                int[] place = {0};
                adaptedScorer.score(chunks.chunk(i), (logs, next) -> {
                    Blocks.copyF32(rows.get(place[0]), 0, row, 0, vocab);
                    place[0]++;
                    divergence.add(expected.set(row), logs, next);
                });
            }
        }
        return divergence;
    }

    /// For people.
    public String text() {
        StringBuilder out = new StringBuilder();
        line(out, "adapter", String.valueOf(adapter));
        line(
                out,
                validation ? "loss, examples not learned" : "loss, examples learned",
                String.format(Locale.ROOT, "%.4f before, %.4f after", before, after));
        divergence.ifPresent(d -> {
            line(
                    out,
                    "KL to the base, general text",
                    String.format(
                            Locale.ROOT,
                            "%.5f ± %.5f nats, same top token %.1f %%",
                            d.divergences().mean().value(),
                            d.divergences().mean().error(),
                            100 * d.sameTop().value()));
            line(
                    out,
                    "perplexity, general text",
                    String.format(
                            Locale.ROOT,
                            "%.3f before, %.3f after",
                            d.basePerplexity().value(),
                            d.perplexity().value()));
        });
        line(out, "speed", TrainingRun.rate(speed) + " tokens/s");
        out.append(String.format(Locale.ROOT, "%nlayer  gates (least, mean, greatest)    attention moved%n"));
        for (int i = 0; i < layers.size(); i++) {
            float[] g = gates.get(i);
            double mean = 0;
            float least = g[0];
            float greatest = g[0];
            for (float gate : g) {
                mean += gate / (double) g.length;
                least = Math.min(least, gate);
                greatest = Math.max(greatest, gate);
            }
            out.append(String.format(
                    Locale.ROOT,
                    "%5d  %9.4f  %9.4f  %9.4f      %6.2f %%%n",
                    layers.get(i),
                    least,
                    mean,
                    greatest,
                    100 * moved[i]));
        }
        return out.toString();
    }

    private static void line(StringBuilder out, String name, String value) {
        out.append(String.format(Locale.ROOT, "%-28s  %s%n", name, value));
    }

    /// Draws the loss, and the gates with the attention they move; where charts cannot be drawn, says why.
    public void charts(Artifacts artifacts, TrainingRun run, Consumer<String> note) throws IOException {
        if (!TrainingChart.isAvailable()) {
            note.accept(
                    "no charts were drawn: the modules xchart and java.desktop are not loaded (java --add-modules xchart,java.desktop)");
            return;
        }
        TrainingChart.loss(run.metrics().points(), artifacts.lossChart());
        TrainingChart.layers(this, artifacts.gateChart());
    }
}
