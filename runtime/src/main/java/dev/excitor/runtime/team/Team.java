package dev.excitor.runtime.team;

import dev.excitor.runtime.ExcitorException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A fixed set of threads that run one task together, meeting at barriers: the caller is worker 0, the others are
/// platform daemon threads that spin a while for the next task and then park.
///
/// A task is the whole forward pass, not one product: starting it costs once, and the steps inside cost a barrier each,
/// well under a microsecond while all members run. Tasks of several sessions queue. Nothing is allocated by a run.
public final class Team implements AutoCloseable {

    /// What every member runs.
    @FunctionalInterface
    public interface Task {
        void run(Worker worker);
    }

    /// Spins before a waiting thread lets others run; about 20 microseconds.
    private static final int SPINS_BEFORE_YIELD = 2_000;

    /// Waits before a thread sleeps between looks: the member it waits for is not on a core at all, and a waiter that
    /// keeps one busy makes that worse.
    private static final int SPINS_BEFORE_SLEEP = 2_100;

    private static final long SLEEP_NANOS = 20_000;

    /// Waits for a new task before a worker parks; well under a millisecond.
    private static final int SPINS_BEFORE_PARK = 20_000;

    private static final VarHandle ARRIVED;
    private static final VarHandle DONE;
    private static final VarHandle EPOCH;
    private static final VarHandle FAILURE;

    /// Bits of [#order] that say how many take part.
    private static final int MEMBER_BITS = 16;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            ARRIVED = lookup.findVarHandle(Team.class, "arrived", int.class);
            DONE = lookup.findVarHandle(Team.class, "done", int.class);
            EPOCH = lookup.findVarHandle(Team.class, "epoch", int.class);
            FAILURE = lookup.findVarHandle(Team.class, "failure", Throwable.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final Worker[] workers;
    private final Thread[] threads;
    private final ReentrantLock turn = new ReentrantLock();

    /// Owns the scratch of the workers.
    private final Arena arena = Arena.ofShared();

    private volatile @Nullable Task task;

    /// The number of the task, and how many members take part in it: in one word, since a member that does not take
    /// part may look at any time.
    private volatile long order;

    /// Members that take part in the task in progress; published by [#order].
    private int active;

    private volatile boolean closed;
    private volatile @Nullable Throwable failure;

    @SuppressWarnings("UnusedVariable") // through ARRIVED
    private volatile int arrived;

    @SuppressWarnings("UnusedVariable") // through DONE
    private volatile int done;

    @SuppressWarnings("UnusedVariable") // through EPOCH
    private volatile int epoch;

    /// @param size threads in all, the caller included
    public Team(int size) {
        if (size < 1 || size > 1024) {
            throw new ExcitorException.InvalidOption("the number of threads (-t)", "from 1 to 1024", size);
        }
        workers = new Worker[size];
        threads = new Thread[size - 1];
        for (int i = 0; i < size; i++) {
            workers[i] = new Worker(this, i);
        }
        for (int i = 1; i < size; i++) {
            Worker worker = workers[i];
            threads[i - 1] =
                    Thread.ofPlatform().daemon().name("excitor-worker-" + i).unstarted(() -> serve(worker));
        }
        for (Thread thread : threads) {
            thread.start();
        }
    }

    public int size() {
        return workers.length;
    }

    /// Runs a task on every member and returns when all are done. The first exception a member throws releases the
    /// others from their barriers and is thrown here.
    public void run(Task work) {
        run(workers.length, work);
    }

    /// Runs a task on the first so many members, to whom the team then seems to be no larger; the others sleep.
    ///
    /// @param members from 1 to [#size]
    @SuppressWarnings("NonAtomicVolatileUpdate") // one caller at a time: the lock is held
    public void run(int members, Task work) {
        Objects.checkIndex(members - 1, workers.length);
        turn.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the team of threads is closed");
            }
            failure = null;
            task = work;
            active = members;
            order = ((order >>> MEMBER_BITS) + 1) << MEMBER_BITS | members;
            for (int i = 0; i < members - 1; i++) {
                LockSupport.unpark(threads[i]);
            }
            perform(work, workers[0]);
            for (int spins = 0; (int) DONE.getAcquire(this) != members - 1; spins++) {
                pause(spins);
            }
            DONE.setOpaque(this, 0);
            ARRIVED.setOpaque(this, 0);
            task = null;
            Throwable thrown = failure;
            if (thrown != null) {
                rethrow(thrown);
            }
        } finally {
            turn.unlock();
        }
    }

    private void serve(Worker worker) {
        long seen = 0;
        int spins = 0;
        while (true) {
            long current = order;
            if (current == seen) {
                if (closed) {
                    return;
                }
                if (spins++ < SPINS_BEFORE_PARK) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
                continue;
            }
            seen = current;
            Task work = task;
            if (work == null || worker.index() >= (current & (1 << MEMBER_BITS) - 1)) {
                spins = SPINS_BEFORE_PARK; // whoever takes no part leaves its core to those who do
                continue;
            }
            spins = 0;
            perform(work, worker);
            DONE.getAndAdd(this, 1);
        }
    }

    private void perform(Task work, Worker worker) {
        try {
            work.run(worker);
        } catch (Released released) {
            // another member failed and its exception is the one that counts
        } catch (Throwable thrown) {
            FAILURE.compareAndSet(this, null, thrown);
        }
    }

    /// Members that take part in the task in progress.
    int active() {
        return active;
    }

    MemorySegment allocate(long bytes) {
        return arena.allocate(bytes, 64);
    }

    /// The barrier inside a task. When another member has failed there is nobody to wait for: leaves the task instead.
    void await() {
        int current = (int) EPOCH.getAcquire(this);
        if ((int) ARRIVED.getAndAdd(this, 1) == active - 1) {
            ARRIVED.setOpaque(this, 0);
            EPOCH.setRelease(this, current + 1);
            return;
        }
        for (int spins = 0; (int) EPOCH.getAcquire(this) == current; spins++) {
            if (failure != null) {
                throw Released.INSTANCE;
            }
            pause(spins);
        }
    }

    @SuppressWarnings("ThreadPriorityCheck") // on an oversubscribed machine the member waited for needs this core
    private static void pause(int spins) {
        if (spins < SPINS_BEFORE_YIELD) {
            Thread.onSpinWait();
        } else if (spins < SPINS_BEFORE_SLEEP) {
            Thread.yield();
        } else {
            LockSupport.parkNanos(SLEEP_NANOS);
        }
    }

    private static void rethrow(Throwable thrown) {
        switch (thrown) {
            case Error error -> throw error;
            case RuntimeException exception -> throw exception;
            default -> throw new IllegalStateException(thrown);
        }
    }

    /// Stops the threads once the task in progress, if any, is done. Closing twice is fine.
    @Override
    public void close() {
        turn.lock();
        try {
            if (!closed) {
                closed = true;
                arena.close();
            }
            for (Thread thread : threads) {
                LockSupport.unpark(thread);
            }
        } finally {
            turn.unlock();
        }
    }

    /// Lets a member leave its task because another one failed.
    private static final class Released extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @SuppressWarnings("StaticAssignmentOfThrowable") // carries nothing: no stack trace, no suppressed exceptions
        static final Released INSTANCE = new Released();

        private Released() {
            super("another member of the team failed", null, false, false);
        }
    }
}
