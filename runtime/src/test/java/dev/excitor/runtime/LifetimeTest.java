package dev.excitor.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LifetimeTest {

    private final AtomicInteger freed = new AtomicInteger();
    private final Lifetime lifetime = new Lifetime("the thing", freed::incrementAndGet);

    @Test
    void closingFreesAtOnceWhereNobodyIsUsingIt() {
        lifetime.acquire();
        lifetime.release();
        assertThat(lifetime.isClosed()).isFalse();
        assertThat(freed).hasValue(0);
        lifetime.close();
        assertThat(lifetime.isClosed()).isTrue();
        assertThat(freed).hasValue(1);
    }

    @Test
    void closingWhileUsedFreesWithTheLastUse() {
        lifetime.acquire();
        lifetime.acquire();
        lifetime.close();
        assertThat(lifetime.isClosed()).isTrue();
        lifetime.release();
        assertThat(freed).as("one use is left").hasValue(0);
        lifetime.release();
        assertThat(freed).hasValue(1);
    }

    @Test
    void closingTwiceFreesOnce() {
        lifetime.acquire();
        lifetime.close();
        lifetime.close();
        lifetime.release();
        lifetime.close();
        assertThat(freed).hasValue(1);
    }

    @Test
    void useAfterCloseIsRefusedByName() {
        lifetime.acquire();
        lifetime.close();
        for (int attempt = 0; attempt < 2; attempt++) {
            assertThatThrownBy(lifetime::acquire)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the thing is closed");
        }
        lifetime.release();
        assertThat(freed).as("refused uses do not count").hasValue(1);
        assertThatThrownBy(lifetime::acquire).isInstanceOf(IllegalStateException.class);
    }

    /// Threads that use it all the time meet one that closes it, again and again.
    @Test
    void nobodyEverUsesWhatIsFreed() throws InterruptedException {
        for (int round = 0; round < 200; round++) {
            AtomicInteger frees = new AtomicInteger();
            AtomicInteger uses = new AtomicInteger();
            AtomicBoolean usedAfterFree = new AtomicBoolean();
            Lifetime shared = new Lifetime("the thing", frees::incrementAndGet);
            List<Thread> users = IntStream.range(0, 3)
                    .mapToObj(i -> Thread.ofPlatform().start(() -> use(shared, uses, frees, usedAfterFree)))
                    .toList();
            int soon = 5 * round;
            while (uses.get() < soon) {
                Thread.onSpinWait();
            }
            shared.close();
            for (Thread user : users) {
                user.join();
            }
            assertThat(usedAfterFree).isFalse();
            assertThat(frees).hasValue(1);
        }
    }

    private static void use(Lifetime shared, AtomicInteger uses, AtomicInteger frees, AtomicBoolean usedAfterFree) {
        while (true) {
            try {
                shared.acquire();
            } catch (IllegalStateException closed) {
                return;
            }
            if (frees.get() != 0) {
                usedAfterFree.set(true);
            }
            uses.incrementAndGet();
            shared.release();
        }
    }
}
