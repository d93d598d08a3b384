package dev.excitor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.kernel.Kernels;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Once the compiler has seen it, a token costs no byte of the heap, on any thread of the team. The least of
/// many rounds counts, since another thread of the JVM may allocate something in a few of them.
@Timeout(600)
class DecodeAllocationTest {

    private static final int ROUND = 8;
    /// The compiler works beside the test and needs its time, on a busy machine much of it.
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /// Where rounds begin; no page of the cache ends within one, as a new page is an object of its own.
    private static final int DEPTH = 50;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @TempDir
    Path folder;

    @Test
    void machineCode() {
        assertThat(bytesPerRound(Kernels.Tier.NATIVE, tinyModel(), null)).isZero();
    }

    @Test
    void machineCodeWithAnAdapter() {
        assertThat(bytesPerRound(Kernels.Tier.NATIVE, tinyModel(), adapter())).isZero();
    }

    @Test
    void machineCodeOfQuantizedWeights() {
        for (String format : new String[] {"q4_0", "q4_k_m", "q8_0"}) {
            Path model = Shared.folder("models").resolve("micro-" + format + ".gguf");
            assertThat(bytesPerRound(Kernels.Tier.NATIVE, model, null))
                    .as(format)
                    .isZero();
        }
    }

    @Test
    void plainKernelsWithAnAdapter() {
        assertThat(bytesPerRound(Kernels.Tier.SCALAR, tinyModel(), adapter())).isZero();
    }

    private Path tinyModel() {
        return TinyModel.standard().write(folder.resolve("tiny.gguf"));
    }

    private Adapter adapter() {
        return Adapter.open(TinyAdapter.standard().write(folder.resolve("adapter.gguf")));
    }

    /// The least that a round of tokens allocates.
    private static long bytesPerRound(Kernels.Tier tier, Path file, @Nullable Adapter adapter) {
        long least = Long.MAX_VALUE;
        int[] token = {5};
        try (Model model = open(tier, file);
                Session session = model.newSession(
                        adapter == null
                                ? SessionOptions.defaults()
                                : SessionOptions.defaults().adapter(adapter))) {
            long end = System.nanoTime() + PATIENCE.toNanos();
            while (least > 0 && System.nanoTime() < end) {
                for (int warmUp = 0; warmUp < 6 * DEPTH; warmUp++) {
                    if (session.position() >= DEPTH) {
                        session.truncate(0);
                    }
                    session.step(token);
                }
                long counting = allocatedBy(() -> {});
                least = Math.min(
                        least,
                        allocatedBy(() -> {
                                    for (int i = 0; i < ROUND; i++) {
                                        session.step(token);
                                    }
                                })
                                - counting);
            }
        }
        return least;
    }

    private static Model open(Kernels.Tier tier, Path file) {
        try {
            return Model.open(file, new EngineOptions(2, tier, 0), CheckpointReader.Memory.MAPPED);
        } catch (ExcitorException.Unsupported none) {
            assumeTrue(false, "SKIPPED: " + none.getMessage());
            throw none;
        }
    }

    /// Bytes that all threads allocate meanwhile, those of counting included.
    private static long allocatedBy(Runnable work) {
        long[] threads = THREADS.getAllThreadIds();
        long[] before = THREADS.getThreadAllocatedBytes(threads);
        work.run();
        long[] after = THREADS.getThreadAllocatedBytes(threads);
        return IntStream.range(0, threads.length)
                .mapToLong(i -> Math.max(0, after[i] - before[i]))
                .sum();
    }
}
