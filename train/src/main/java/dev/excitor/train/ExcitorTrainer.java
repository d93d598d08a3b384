package dev.excitor.train;

import dev.excitor.model.Model;
import dev.excitor.model.adapter.ExcitorConfig;
import dev.excitor.model.arch.llama.LlamaDecoder;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.train.adapter.AdapterWriter;
import dev.excitor.train.adapter.ExcitorParameters;
import dev.excitor.train.decoder.TrainingDecoder;
import dev.excitor.train.ops.Sequences;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import java.util.function.Supplier;

/// Trains an Excitor on a model whose weights stay as they are, in whatever format they have.
///
/// ```java
/// try (var model = Model.open(Path.of("llama-3.2-1b.Q4_0.gguf"));
///         var trainer = new ExcitorTrainer(model, AdapterSettings.defaults(), TrainingOptions.defaults())) {
///     var data = TrainingData.read(Path.of("polite.jsonl"), DataOptions.of(model, "alpaca", 512));
///     trainer.train(data.examples(), step -> System.out.println(step.loss()));
///     trainer.write(Path.of("polite.excitor.gguf"));
/// }
/// ```
///
/// The loss of an update is the mean over the scored tokens of its examples, however they are put together, and the
/// same numbers come out with any number of threads. Used by one thread at a time, but for [#stop].
public final class ExcitorTrainer implements AutoCloseable {

    private final Model model;
    private final TrainingOptions options;
    private final Arena arena;
    private final ExcitorParameters parameters;
    private final TrainingDecoder decoder;
    private final AdamW optimizer;
    private final float[] best;
    private double bestLoss = Double.POSITIVE_INFINITY;
    private int worse;
    private int step;
    private int validated = -1;
    private volatile boolean stopped;

    /// Held while parameters, moments and counters change together.
    private final Object rest = new Object();

    /// A new adapter.
    public ExcitorTrainer(Model model, AdapterSettings settings, TrainingOptions options) {
        this(model, settings, options, Optional.empty());
    }

    /// A new adapter that names the template it was trained on.
    public ExcitorTrainer(
            Model model, AdapterSettings settings, TrainingOptions options, Optional<String> promptTemplate) {
        if (!(model.decoder() instanceof LlamaDecoder llama)) {
            throw new ExcitorException.Unsupported(
                    "training an adapter of " + model.checkpoint().path(), List.of("llama"));
        }
        this.model = model;
        this.options = options;
        this.arena = Arena.ofShared();
        try {
            ExcitorConfig config = settings.config(model.dimensions(), promptTemplate);
            this.parameters = new ExcitorParameters(arena, config);
            settings.initialization().fill(parameters, options.seed());
            this.decoder = new TrainingDecoder(
                    llama.config(), llama.weights(), model.engine(), parameters, null, options.capacity());
        } catch (RuntimeException | Error failure) {
            arena.close();
            throw failure;
        }
        this.optimizer = new AdamW(options.optimizer(), parameters.size());
        this.best = new float[parameters.size()];
    }

    public TrainingOptions options() {
        return options;
    }

    /// The adapter's numbers as they are now, and the gradients of the last update.
    public ExcitorParameters parameters() {
        return parameters;
    }

    /// The decoder that it trains with.
    public TrainingDecoder decoder() {
        return decoder;
    }

    /// Updates made.
    public int step() {
        return step;
    }

    /// Asks training to end; from any thread. An update in progress is given up within a micro-batch.
    public void stop() {
        stopped = true;
    }

    /// Trains without validation examples.
    ///
    /// @return whether it came to its end; false when it was stopped
    public boolean train(List<Example> examples, TrainingListener listener) {
        return train(examples, List.of(), listener);
    }

    /// Trains, or goes on after [#stop] or a resumption. With validation examples the adapter ends as it was when their
    /// loss was lowest.
    ///
    /// @return whether it came to its end; false when it was stopped
    public boolean train(List<Example> examples, List<Example> validation, TrainingListener listener) {
        if (examples.isEmpty()) {
            throw new ExcitorException.InvalidOption("the training data", "at least one example", "empty");
        }
        int perEpoch = options.stepsPerEpoch(examples.size());
        int total = options.totalSteps(examples.size());
        int interval = options.evaluateEvery() == 0 ? perEpoch : options.evaluateEvery();
        while (true) {
            boolean due = step % interval == 0 || step == total;
            if (due && !validation.isEmpty() && validated != step) {
                validate(validation, listener);
            }
            if (step > 0) {
                listener.onSafePoint(step);
            }
            if (step >= total || stopped || isOver()) {
                break;
            }
            int epoch = step / perEpoch;
            IntUnaryOperator order = order(examples.size(), epoch);
            int from = step % perEpoch * options.batch();
            List<Example> batch = new ArrayList<>();
            for (int i = from; i < Math.min(examples.size(), from + options.batch()); i++) {
                batch.add(examples.get(order.applyAsInt(i)));
            }
            Optional<TrainingStep> made = update(batch, epoch, total);
            if (made.isEmpty()) {
                break;
            }
            listener.onStep(made.get());
        }
        boolean ended = step >= total || isOver();
        if (ended && !validation.isEmpty() && Double.isFinite(bestLoss)) {
            Blocks.copyF32(best, 0, parameters.values(), 0, best.length);
        }
        return ended;
    }

    private boolean isOver() {
        return options.patience() > 0 && worse >= options.patience();
    }

    /// The examples of an epoch in their order, which depends on seed and epoch alone.
    private IntUnaryOperator order(int count, int epoch) {
        int[] order = new int[count];
        Arrays.setAll(order, i -> i);
        Random random = new Random(options.seed() * 1_000_003 + epoch);
        for (int i = count - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            int kept = order[i];
            order[i] = order[other];
            order[other] = kept;
        }
        return i -> order[i];
    }

    /// Empty when it was stopped before its end, and then has changed nothing.
    private Optional<TrainingStep> update(List<Example> batch, int epoch, int total) {
        long start = System.nanoTime();
        int scored = batch.stream().mapToInt(Example::scored).sum();
        List<Sequences> parts = microBatches(batch);
        OptionalDouble sum = onceMoreWithoutGpu(() -> gradients(parts, 1f / scored));
        if (sum.isEmpty()) {
            return Optional.empty();
        }
        double loss = sum.getAsDouble() / scored;
        int tokens = parts.stream().mapToInt(Sequences::rows).sum();
        double norm = gradientNorm();
        if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
            throw new ExcitorException.NotFinite(
                    "update %d of training".formatted(step + 1),
                    "a loss of %s, a gradient of %s".formatted(loss, norm));
        }
        double learningRate = options.learningRate(step, total);
        double factor = options.clip() > 0 && norm > options.clip() ? options.clip() / norm : 1;
        synchronized (rest) {
            optimizer.step(parameters, learningRate, factor);
            step++;
        }
        double seconds = (System.nanoTime() - start) * 1e-9;
        return Optional.of(new TrainingStep(step, total, epoch + 1, loss, learningRate, norm, tokens, scored, seconds));
    }

    /// Makes the gradients anew.
    ///
    /// @return the sum of the losses; empty when it was stopped before its end
    private OptionalDouble gradients(List<Sequences> parts, float weight) {
        parameters.gradients().fill((byte) 0);
        double loss = 0;
        for (Sequences sequences : parts) {
            if (stopped) {
                return OptionalDouble.empty();
            }
            model.checkpoint().checkUnchanged();
            loss += Arrays.stream(decoder.gradients(sequences, weight)).sum();
        }
        return OptionalDouble.of(loss);
    }

    /// A GPU that fails in a pass has been given up by then, and the CPU computes what it left unfinished.
    ///
    /// @param work begins by forgetting what an earlier attempt has left
    private static <T> T onceMoreWithoutGpu(Supplier<T> work) {
        try {
            return work.get();
        } catch (ExcitorException.NativeCall failed) {
            return work.get();
        }
    }

    /// Whole examples, as many at a time as fit.
    private List<Sequences> microBatches(List<Example> examples) {
        List<Sequences> all = new ArrayList<>();
        List<Example> some = new ArrayList<>();
        int tokens = 0;
        for (Example example : examples) {
            int length = example.tokens().length;
            if (!some.isEmpty() && tokens + length > decoder.capacity()) {
                all.add(Example.join(some));
                some.clear();
                tokens = 0;
            }
            some.add(example);
            tokens += length;
        }
        all.add(Example.join(some));
        return all;
    }

    private double gradientNorm() {
        double sum = 0;
        MemorySegment gradients = parameters.gradients();
        for (int i = 0; i < parameters.size(); i++) {
            double g = Blocks.f32(gradients, 4L * i);
            sum += g * g;
        }
        return Math.sqrt(sum);
    }

    private void validate(List<Example> validation, TrainingListener listener) {
        double loss = loss(validation);
        boolean lower = loss < bestLoss;
        synchronized (rest) {
            if (lower) {
                bestLoss = loss;
                worse = 0;
                Blocks.copyF32(parameters.values(), 0, best, 0, best.length);
            } else {
                worse++;
            }
            validated = step;
        }
        listener.onValidation(step, loss, lower);
    }

    /// The mean loss of the scored tokens of some examples, with the adapter as it is now.
    public double loss(List<Example> examples) {
        double sum = 0;
        long scored = 0;
        for (Sequences sequences : microBatches(examples)) {
            model.checkpoint().checkUnchanged();
            double[] losses = onceMoreWithoutGpu(() -> decoder.losses(sequences));
            sum += Arrays.stream(losses).sum();
            scored += losses.length;
        }
        return sum / scored;
    }

    /// Writes the adapter as it is now; the file appears when it is complete, and replaces one that is there.
    public void write(Path path) throws IOException {
        AdapterWriter.write(path, parameters);
    }

    /// Does something while the state is that between two updates, even if one is being computed; from any thread.
    void atRest(AtRest work) throws IOException {
        synchronized (rest) {
            work.run();
        }
    }

    /// Work on the state.
    interface AtRest {
        void run() throws IOException;
    }

    AdamW optimizer() {
        return optimizer;
    }

    float[] best() {
        return best;
    }

    double bestLoss() {
        return bestLoss;
    }

    int evaluationsWithoutBest() {
        return worse;
    }

    int validated() {
        return validated;
    }

    void resume(int step, int validated, double bestLoss, int worse) {
        this.validated = validated;
        this.step = step;
        this.bestLoss = bestLoss;
        this.worse = worse;
        optimizer.resume(step);
    }

    @Override
    public void close() {
        decoder.close();
        arena.close();
    }
}
