package dev.excitor.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/// Lets a piece of work come to an orderly end when the process is told to stop, by Ctrl-C or by a signal.
///
/// The JVM then runs its shutdown hooks and exits by itself, with 130 after Ctrl-C, whatever the command returns.
/// The hook here tells the work to stop and holds the JVM until the work's own thread is done with it. That thread in
/// turn waits for what the hook does: it may use a model or files that the thread is about to close.
final class Interruption {

    /// The exit code after Ctrl-C, as shells have it: 128 and the signal's number.
    static final int EXIT_CODE = 130;

    /// A large model may take longer for one step, and a write into a pipe that nobody reads takes for ever.
    private static final int PATIENCE_SECONDS = 5;

    private final CountDownLatch told = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Console console;
    private final Runnable stop;

    private Interruption(Console console, Runnable stop) {
        this.console = console;
        this.stop = stop;
    }

    /// Does the work, and returns when neither it nor `stop` is running any more.
    ///
    /// @param stop makes the work end soon; called from another thread, must not wait for the work
    /// @param work returns the exit code
    static int stops(Runnable stop, Console console, IntSupplier work) {
        Interruption interruption = new Interruption(console, stop);
        Thread hook = new Thread(interruption::onShutdown, "interruption");
        if (!add(hook)) {
            return EXIT_CODE;
        }
        try {
            return work.getAsInt();
        } finally {
            interruption.ended.countDown();
            if (!remove(hook)) {
                interruption.awaitTold();
            }
        }
    }

    private void onShutdown() {
        try {
            stop.run();
        } finally {
            told.countDown();
        }
        try {
            if (!ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                console.note("excitor: interrupted in the middle of a step.");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void awaitTold() {
        try {
            told.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean add(Thread hook) {
        try {
            Runtime.getRuntime().addShutdownHook(hook);
            return true;
        } catch (IllegalStateException theJvmIsEnding) {
            return false;
        }
    }

    /// @return false when the JVM is ending: it has started the hook, or is about to
    private static boolean remove(Thread hook) {
        try {
            return Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException theJvmIsEnding) {
            return false;
        }
    }
}
