package dev.excitor.runtime;

import java.util.concurrent.atomic.AtomicLong;

/// Lets something be closed while others use it: closing refuses new uses at once and frees when the last use ends.
/// Closing twice is fine.
public final class Lifetime {

    private static final long CLOSED = 1L << 62;

    /// Uses under way, plus [#CLOSED] once closing has begun.
    private final AtomicLong state = new AtomicLong();

    private final String what;
    private final Runnable free;

    /// @param what for the exception of a use after close: `the session`
    /// @param free runs once, on the thread that closes or on the one whose use ends last
    public Lifetime(String what, Runnable free) {
        this.what = what;
        this.free = free;
    }

    /// Begins a use; [#release] ends it.
    ///
    /// @throws IllegalStateException after close
    public void acquire() {
        if (!tryAcquire()) {
            throw new IllegalStateException(what + " is closed");
        }
    }

    /// Begins a use unless closing has begun; [#release] ends it.
    ///
    /// @return whether it has begun
    public boolean tryAcquire() {
        long seen;
        do {
            seen = state.get();
            if (seen >= CLOSED) {
                return false;
            }
        } while (!state.compareAndSet(seen, seen + 1));
        return true;
    }

    public void release() {
        if (state.decrementAndGet() == CLOSED) {
            free.run();
        }
    }

    public boolean isClosed() {
        return state.get() >= CLOSED;
    }

    public void close() {
        long seen;
        do {
            seen = state.get();
            if (seen >= CLOSED) {
                return;
            }
        } while (!state.compareAndSet(seen, seen + CLOSED));
        if (seen == 0) {
            free.run();
        }
    }
}
