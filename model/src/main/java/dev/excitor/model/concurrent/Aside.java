package dev.excitor.model.concurrent;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/// A value that another thread computes meanwhile.
public final class Aside<T> {

    private final FutureTask<T> task;

    private Aside(FutureTask<T> task) {
        this.task = task;
    }

    /// @param name of the thread, which ends with the work
    public static <T> Aside<T> start(String name, Supplier<T> work) {
        FutureTask<T> task = new FutureTask<>(work::get);
        Thread.ofPlatform().daemon().name(name).start(task);
        return new Aside<>(task);
    }

    /// The value, once it is there, or what its computation threw. An interruption waits until then.
    public T join() {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    if (e.getCause() instanceof Error failure) {
                        throw failure;
                    }
                    throw (RuntimeException) e.getCause();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
