package dev.excitor.runtime.team;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.ExcitorException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What operations and sessions rely on when they share threads, with more threads than cores as well.
@Timeout(120)
class TeamTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void everyMemberRunsEveryTaskOnce(int size) {
        try (Team team = new Team(size)) {
            assertThat(team.size()).isEqualTo(size);
            for (int round = 0; round < 50; round++) {
                AtomicIntegerArray runs = new AtomicIntegerArray(size);
                team.run(worker -> {
                    assertThat(worker.count()).isEqualTo(size);
                    runs.incrementAndGet(worker.index());
                });
                for (int i = 0; i < size; i++) {
                    assertThat(runs.get(i))
                            .as("member %d in round %d", i, round)
                            .isEqualTo(1);
                }
            }
        }
    }

    /// Tasks of ever other numbers of members, as single tokens between prompts: nobody runs one twice or misses one,
    /// and the barrier waits for those who take part.
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 8})
    void aTaskOfFewerMembersIsTheirsAlone(int size) {
        AtomicIntegerArray runs = new AtomicIntegerArray(size);
        int[] expected = new int[size];
        try (Team team = new Team(size)) {
            for (int round = 0; round < 300; round++) {
                int members = 1 + round * 7 % size;
                AtomicInteger arrived = new AtomicInteger();
                team.run(members, worker -> {
                    runs.incrementAndGet(worker.index());
                    assertThat(worker.count()).isEqualTo(members);
                    assertThat(worker.to(100, 1) - worker.from(100, 1)).isBetween(100 / members, 100 / members + 1);
                    arrived.incrementAndGet();
                    worker.barrier();
                    assertThat(arrived).hasValue(members);
                });
                for (int i = 0; i < members; i++) {
                    expected[i]++;
                }
            }
            for (int i = 0; i < size; i++) {
                assertThat(runs.get(i)).as("tasks of member %d", i).isEqualTo(expected[i]);
            }
            assertThatThrownBy(() -> team.run(0, worker -> {})).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> team.run(size + 1, worker -> {})).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    /// CPU time of threads that a long row of tasks has no use for.
    @Test
    void membersThatTakeNoPartSleep() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long[] ids = new long[3];
        try (Team team = new Team(ids.length)) {
            team.run(worker -> ids[worker.index()] = Thread.currentThread().threadId());
            long before = threads.getThreadCpuTime(ids[1]) + threads.getThreadCpuTime(ids[2]);
            long end = System.nanoTime() + 500_000_000;
            while (System.nanoTime() < end) {
                team.run(1, worker -> {});
            }
            long after = threads.getThreadCpuTime(ids[1]) + threads.getThreadCpuTime(ids[2]);
            assertThat(after - before)
                    .as("nanoseconds of two members in half a second")
                    .isLessThan(20_000_000);
        }
    }

    /// Plain writes of one step are plain reads of the next: the barrier alone orders them.
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void whatWasWrittenBeforeABarrierIsSeenBehindIt(int size) {
        int[] slots = new int[size];
        try (Team team = new Team(size)) {
            for (int task = 0; task < 3; task++) {
                int base = task * 1000;
                team.run(worker -> {
                    for (int step = 0; step < 30; step++) {
                        slots[worker.index()] = base + step;
                        worker.barrier();
                        for (int slot : slots) {
                            assertThat(slot).isEqualTo(base + step);
                        }
                        worker.barrier();
                    }
                });
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 8})
    void anExceptionInOneMemberReleasesTheOthersAndReachesTheCaller(int size) {
        try (Team team = new Team(size)) {
            for (int culprit = 0; culprit < size; culprit++) {
                for (Throwable thrown : List.of(new IllegalArgumentException("mine"), new StackOverflowError())) {
                    int index = culprit;
                    AtomicBoolean passed = new AtomicBoolean();
                    assertThatThrownBy(() -> team.run(worker -> {
                                worker.barrier();
                                if (worker.index() == index) {
                                    throwUnchecked(thrown);
                                }
                                worker.barrier();
                                passed.set(true);
                            }))
                            .isSameAs(thrown);
                    assertThat(passed)
                            .as("somebody passed a barrier that not all had reached")
                            .isFalse();
                    AtomicInteger sum = new AtomicInteger();
                    team.run(worker -> {
                        worker.barrier();
                        sum.addAndGet(worker.index() + 1);
                    });
                    assertThat(sum).as("the next task").hasValue(size * (size + 1) / 2);
                }
            }
        }
    }

    private static void throwUnchecked(Throwable thrown) {
        switch (thrown) {
            case RuntimeException exception -> throw exception;
            case Error error -> throw error;
            default -> throw new AssertionError(thrown);
        }
    }

    /// The second exception comes when the first is known, and does not displace it.
    @Test
    void theFirstOfSeveralExceptionsIsHeard() {
        try (Team team = new Team(2)) {
            for (int round = 0; round < 20; round++) {
                CountDownLatch caught = new CountDownLatch(1);
                assertThatThrownBy(() -> team.run(worker -> {
                            if (worker.index() == 0) {
                                caught.countDown();
                                throw new IllegalArgumentException("first");
                            }
                            try {
                                caught.await();
                                worker.barrier();
                            } catch (RuntimeException released) {
                                throw new IllegalStateException("second", released);
                            } catch (InterruptedException e) {
                                throw new AssertionError(e);
                            }
                        }))
                        .hasMessage("first");
            }
        }
    }

    @Test
    void whenAllFailOneOfThemIsHeard() {
        try (Team team = new Team(4)) {
            for (int round = 0; round < 20; round++) {
                assertThatThrownBy(() -> team.run(worker -> {
                            throw new IllegalArgumentException("member " + worker.index());
                        }))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageStartingWith("member ");
            }
        }
    }

    @Test
    void tasksOfSeveralCallersQueue() throws InterruptedException {
        AtomicInteger tasks = new AtomicInteger();
        AtomicInteger inside = new AtomicInteger();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (Team team = new Team(3)) {
            List<Thread> callers = List.of(1, 2, 3).stream()
                    .map(caller -> Thread.ofPlatform().start(() -> {
                        try {
                            for (int i = 0; i < 40; i++) {
                                team.run(worker -> {
                                    inside.incrementAndGet();
                                    worker.barrier();
                                    assertThat(inside).as("members of one task").hasValue(team.size());
                                    worker.barrier();
                                    inside.decrementAndGet();
                                });
                                tasks.incrementAndGet();
                            }
                        } catch (Throwable thrown) {
                            failure.set(thrown);
                        }
                    }))
                    .toList();
            for (Thread caller : callers) {
                caller.join();
            }
        }
        assertThat(failure.get()).isNull();
        assertThat(tasks).hasValue(120);
    }

    @Test
    void anInterruptedCallerIsServedAndStaysInterrupted() {
        try (Team team = new Team(3)) {
            AtomicInteger runs = new AtomicInteger();
            Thread.currentThread().interrupt();
            team.run(worker -> {
                worker.barrier();
                runs.incrementAndGet();
            });
            assertThat(Thread.interrupted()).isTrue();
            assertThat(runs).hasValue(3);
        }
    }

    @Test
    void aClosedTeamRefusesTasksAndItsThreadsEnd() throws InterruptedException {
        Thread[] members = new Thread[2];
        Team team = new Team(members.length);
        team.run(worker -> members[worker.index()] = Thread.currentThread());
        team.close();
        team.close();
        assertThatThrownBy(() -> team.run(worker -> {}))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        members[1].join();
        assertThat(members[1].isDaemon())
                .as("a forgotten team keeps no program alive")
                .isTrue();
    }

    @Test
    void closingWaitsForTheTaskInProgress() throws InterruptedException {
        Team team = new Team(2);
        CountDownLatch started = new CountDownLatch(1);
        AtomicInteger finished = new AtomicInteger();
        Thread caller = Thread.ofPlatform()
                .start(() -> team.run(worker -> {
                    started.countDown();
                    for (int step = 0; step < 200; step++) {
                        worker.barrier();
                    }
                    finished.incrementAndGet();
                }));
        started.await();
        team.close();
        assertThat(finished).hasValue(2);
        caller.join();
    }

    /// CPU time of the members' own threads: it does not depend on what else the machine does.
    @Test
    void anIdleTeamUsesNoProcessor() throws InterruptedException {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long[] ids = new long[3];
        try (Team team = new Team(ids.length)) {
            team.run(worker -> ids[worker.index()] = Thread.currentThread().threadId());
            Thread.sleep(300);
            long before = threads.getThreadCpuTime(ids[1]) + threads.getThreadCpuTime(ids[2]);
            Thread.sleep(500);
            long after = threads.getThreadCpuTime(ids[1]) + threads.getThreadCpuTime(ids[2]);
            assertThat(after - before)
                    .as("nanoseconds of two members in half a second")
                    .isLessThan(20_000_000);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 8})
    void sharesAreWholeGrainsThatCoverEverythingOnce(int size) {
        Worker[] workers = new Worker[size];
        try (Team team = new Team(size)) {
            team.run(worker -> workers[worker.index()] = worker);
        }
        for (int grain : new int[] {1, 6, 16}) {
            for (int n : new int[] {0, 1, 5, 15, 16, 17, 100, 4098, Integer.MAX_VALUE}) {
                int next = 0;
                for (Worker worker : workers) {
                    assertThat(worker.from(n, grain)).as("%d by %d", n, grain).isEqualTo(next);
                    next = worker.to(n, grain);
                    assertThat(next % grain == 0 || next == n).isTrue();
                }
                assertThat(next).isEqualTo(n);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 1025, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void sizesThatNoMachineHasAreRefused(int size) {
        assertThatThrownBy(() -> new Team(size))
                .isInstanceOf(ExcitorException.InvalidOption.class)
                .hasMessageContaining("-t");
    }
}
