package dev.excitor.cli.train;

import dev.excitor.train.Example;
import dev.excitor.train.ExcitorTrainer;
import dev.excitor.train.TrainingCheckpoint;
import dev.excitor.train.TrainingListener;
import dev.excitor.train.TrainingStep;
import dev.excitor.train.data.TrainingData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/// A training with its files: says how far it is, writes the metrics, saves checkpoints.
public final class TrainingRun implements TrainingListener {

    private static final double SECONDS_BETWEEN_LINES = 5;

    private final ExcitorTrainer trainer;
    private final TrainingData data;
    private final Artifacts artifacts;
    private final int checkpointEvery;
    private final Consumer<String> note;
    private final String fingerprint;
    private final MetricsFile metrics;
    private final long started;
    private double shownAt = Double.NEGATIVE_INFINITY;
    private final int firstStep;
    private long tokens;
    private boolean over;
    private double seconds;

    /// Begins anew, or where the checkpoint is.
    ///
    /// @param note receives lines for people
    public TrainingRun(
            ExcitorTrainer trainer,
            TrainingData data,
            Artifacts artifacts,
            int checkpointEvery,
            boolean resume,
            Consumer<String> note)
            throws IOException {
        this.trainer = trainer;
        this.data = data;
        this.artifacts = artifacts;
        this.checkpointEvery = checkpointEvery;
        this.note = note;
        this.fingerprint = TrainingCheckpoint.fingerprint(data.examples(), data.validation());
        if (resume) {
            TrainingCheckpoint.resume(artifacts.checkpoint(), trainer, fingerprint);
            note.accept("going on after update %d".formatted(trainer.step()));
        }
        firstStep = trainer.step();
        metrics = new MetricsFile(artifacts.metrics(), firstStep);
        if (!resume) {
            save();
            if (data.validation().isEmpty()) {
                metrics.before(trainer.loss(measured()));
            }
        }
        started = System.nanoTime();
    }

    /// Loss of the measured examples before the first update.
    double lossBefore() {
        return metrics.points().stream()
                .filter(point -> point.step() == 0)
                .mapToDouble(MetricsFile.Point::loss)
                .findFirst()
                .orElse(Double.NaN);
    }

    /// What losses before and after are of: the validation examples, or some that are learned where there are none.
    List<Example> measured() {
        return data.validation().isEmpty()
                ? data.examples().subList(0, Math.min(64, data.examples().size()))
                : data.validation();
    }

    TrainingData data() {
        return data;
    }

    MetricsFile metrics() {
        return metrics;
    }

    /// Tokens through the model, forward and back, each second.
    double tokensPerSecond() {
        return tokens / seconds;
    }

    /// @return whether it came to its end; otherwise it is saved, and said how to go on
    public boolean train() throws IOException {
        boolean ended = trainer.train(data.examples(), data.validation(), this);
        if (!ended) {
            save();
        }
        return ended;
    }

    /// Stops, saves, and says how to go on; on another thread than [#train]. Nothing when all is written.
    public synchronized void interrupt() throws IOException {
        if (over) {
            return;
        }
        trainer.stop();
        save();
        note.accept("stopped after update %d, saved in %s: go on with the same command and --resume"
                .formatted(trainer.step(), artifacts.checkpoint()));
    }

    /// All is written: the checkpoint is of no more use.
    public synchronized void end() throws IOException {
        over = true;
        Files.deleteIfExists(artifacts.checkpoint());
    }

    private void save() throws IOException {
        TrainingCheckpoint.save(artifacts.checkpoint(), trainer, fingerprint);
    }

    @Override
    public void onStep(TrainingStep step) {
        tokens += step.tokens();
        seconds += step.seconds();
        write(() -> metrics.step(step));
        double now = (System.nanoTime() - started) * 1e-9;
        if (now - shownAt >= SECONDS_BETWEEN_LINES || step.step() == step.steps()) {
            shownAt = now;
            double left = now / (step.step() - firstStep) * (step.steps() - step.step());
            note.accept(String.format(
                    Locale.ROOT,
                    "update %d of %d, epoch %d: loss %.4f, %s tokens/s, %s left",
                    step.step(),
                    step.steps(),
                    step.epoch(),
                    step.loss(),
                    rate(tokensPerSecond()),
                    time(left)));
        }
    }

    static String rate(double tokensPerSecond) {
        return String.format(Locale.ROOT, tokensPerSecond < 100 ? "%.1f" : "%.0f", tokensPerSecond);
    }

    static String time(double seconds) {
        if (seconds < 100) {
            return Math.round(seconds) + " s";
        }
        return seconds < 6000
                ? Math.round(seconds / 60) + " min"
                : String.format(Locale.ROOT, "%.1f h", seconds / 3600);
    }

    @Override
    public void onValidation(int step, double loss, boolean best) {
        write(() -> metrics.validation(step, loss));
        note.accept(String.format(
                Locale.ROOT,
                "validation after update %d: loss %.4f%s",
                step,
                loss,
                best && step > 0 ? ", the best" : ""));
    }

    @Override
    public void onSafePoint(int step) {
        if (step % checkpointEvery == 0 && step > firstStep) {
            write(this::save);
        }
    }

    /// What may fail to be written.
    private interface Writing {
        void run() throws IOException;
    }

    private static void write(Writing writing) {
        try {
            writing.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
