package dev.excitor.cli;

import java.util.Locale;
import java.util.function.LongConsumer;

/// How far a long piece of work is: a line on standard error every quarter of the way and at least every half minute,
/// and none about work that is done before anybody asks.
final class Progress implements LongConsumer {

    private static final int STEP_PERCENT = 25;
    private static final double STEP_SECONDS = 30;
    private static final double QUIET_SECONDS = 2;

    private final Console console;
    private final String what;
    private final long started = System.nanoTime();
    private long total;
    private long done;
    private long shown;
    private double shownAt;

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
        double seconds = seconds();
        boolean due = percent - shown >= STEP_PERCENT || seconds - shownAt >= STEP_SECONDS;
        if (due && seconds >= QUIET_SECONDS && percent < 100) {
            shown = percent;
            shownAt = seconds;
            console.note(String.format(Locale.ROOT, "%s: %d %% of %s", what, percent, Sizes.bytes(total)));
        }
    }

    void finish() {
        console.note(String.format(Locale.ROOT, "%s: %s in %.1f s", what, Sizes.bytes(total), seconds()));
    }

    private double seconds() {
        return (System.nanoTime() - started) * 1e-9;
    }
}
