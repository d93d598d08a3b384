package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/// An interruption whose doing takes longer than the work needs to end.
@DisabledOnOs(OS.WINDOWS)
@Timeout(60)
class InterruptionIT {

    /// Ends its work at once when told to, and then closes what the telling still uses.
    static final class SlowToTell {

        private static final long LONGER_THAN_THE_WORK_MILLIS = 300;

        private SlowToTell() {}

        static void main() {
            PrintStream out = System.out;
            CountDownLatch stopped = new CountDownLatch(1);
            AtomicBoolean closed = new AtomicBoolean();
            Interruption.stops(
                    () -> {
                        stopped.countDown();
                        pause();
                        out.println(closed.get() ? "told too late" : "told in time");
                    },
                    Console.ofProcess(),
                    () -> {
                        out.println("working");
                        await(stopped);
                        return 0;
                    });
            closed.set(true);
        }

        private static void pause() {
            try {
                Thread.sleep(LONGER_THAN_THE_WORK_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private static void await(CountDownLatch latch) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Test
    void whatTheInterruptionUsesIsNotClosedUnderIt() throws Exception {
        List<String> line = List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                SlowToTell.class.getName());
        try (ProgramProcess program = ProgramProcess.start(line, Map.of())) {
            program.out().await("working");
            program.interrupt();
            assertThat(program.exitCode()).as(program.err().text()).isEqualTo(130);
            assertThat(program.out().text()).isEqualTo("working\ntold in time\n");
        }
    }
}
