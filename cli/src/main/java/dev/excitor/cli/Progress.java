package dev.excitor.cli;

import java.util.Locale;
import java.util.function.LongConsumer;

/// How far a long piece of work is: a line on standard error every quarter of the way.
final class Progress implements LongConsumer {

    private static final int STEP_PERCENT = 25;

    private final Console console;
    private final String what;
    private final long started = System.nanoTime();
    private long total;
    private long done;
    private long shown;

    /// @param what names the work: "writing model.gguf"
    Progress(Console console, String what) {
        this.console = console;
        this.what = what;
    }

    void total(long bytes) {
        total = Math.max(1, bytes);
    }

    /// Some more bytes are done.
    @Override
    public void accept(long bytes) {
        done += bytes;
        long percent = 100 * done / total;
        if (percent - shown >= STEP_PERCENT && percent < 100) {
            shown = percent;
            console.note(String.format(Locale.ROOT, "%s: %d %% of %s", what, percent, Sizes.bytes(total)));
        }
    }

    void finish() {
        double seconds = (System.nanoTime() - started) * 1e-9;
        console.note(String.format(Locale.ROOT, "%s: %s in %.1f s", what, Sizes.bytes(total), seconds));
    }
}
