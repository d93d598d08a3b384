package dev.excitor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.adapter.Strategy;
import dev.excitor.runtime.Engine;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.HostMemory;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.lang.ref.Reference;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Native memory comes with sessions and goes with them, and where there is none a sentence says how much was wanted.
/// There may be less of it at the end than before, since the collector frees what adapters of other tests had.
@Timeout(120)
class MemoryTest {

    private static final EngineOptions ONE_THREAD = EngineOptions.defaults().withThreads(1);

    @TempDir
    Path folder;

    @Test
    void thousandsOfSessionsComeAndGoWithoutLeak() {
        Path file = TinyModel.standard().write(folder.resolve("tiny.gguf"));
        Adapter adapter = Adapter.open(TinyAdapter.standard().write(folder.resolve("adapter.gguf")));
        SessionOptions plain = SessionOptions.defaults().batch(4);
        SessionOptions adapted = plain.adapter(adapter).strategy(Strategy.SEPARATE);
        try (Model model = Model.open(file, ONE_THREAD, CheckpointReader.Memory.MAPPED)) {
            // what belongs to the adapter and to the threads comes with the first ones and stays
            model.newSession(plain).close();
            try (Session first = model.newSession(adapted)) {
                first.append(1, 2, 3);
            }
            long before = NativeMemory.used();
            long open = 0;
            for (int i = 0; i < 2_000; i++) {
                try (Session session = model.newSession(i % 2 == 0 ? plain : adapted);
                        Session empty = model.newSession(plain)) {
                    session.append(1, 2, 3);
                    session.fork().close();
                    open = NativeMemory.used();
                    assertThat(empty.position()).isZero();
                }
            }
            assertThat(open).as("while sessions are open").isGreaterThan(before);
            assertThat(NativeMemory.used()).as("when all are closed").isLessThanOrEqualTo(before);
        } finally {
            Reference.reachabilityFence(adapter);
        }
    }

    @Test
    void modelsGiveBackWhatTheyRead() {
        Path file = TinyModel.standard().write(folder.resolve("tiny.gguf"));
        try (Engine engine = Engine.open(ONE_THREAD)) {
            assertNothingIsLeft(() -> {
                long before = NativeMemory.used();
                try (Model model = Model.open(file, engine, CheckpointReader.Memory.COPIED)) {
                    assertThat(NativeMemory.used() - before).isGreaterThan(TinyModel.VOCAB * TinyModel.WIDTH * 4L);
                    assertThat(model.leftovers()).isEmpty();
                }
            });
        }
    }

    /// A model that is refused late has been read by then.
    @Test
    void modelsThatAreRefusedLeaveNothingBehind() {
        Path file = TinyModel.standard().without("output_norm.weight").write(folder.resolve("tiny.gguf"));
        try (Engine engine = Engine.open(ONE_THREAD)) {
            assertNothingIsLeft(() -> assertThatThrownBy(() -> Model.open(file, engine, CheckpointReader.Memory.COPIED)
                            .close())
                    .isInstanceOf(ExcitorException.MalformedFile.class));
        }
    }

    /// The first time fills the buffers that the JDK keeps for each thread that reads a file.
    private static void assertNothingIsLeft(Runnable work) {
        work.run();
        long before = NativeMemory.used();
        for (int i = 0; i < 20; i++) {
            work.run();
        }
        assertThat(NativeMemory.used()).isLessThanOrEqualTo(before);
    }

    /// The longest context that a file may ask for: memory is taken as it fills, and it does not fill.
    @Test
    void aLongContextCostsNothingUntilItIsUsed() {
        Path file = TinyModel.standard().set("llama.context_length", 1L << 28).write(folder.resolve("long.gguf"));
        try (Model model = Model.open(file)) {
            long before = NativeMemory.used();
            try (Session session = model.newSession(SessionOptions.defaults().batch(4))) {
                assertThat(session.context()).isEqualTo(1 << 28);
                session.append(1, 2, 3);
                assertThat(NativeMemory.used() - before).isLessThan(1 << 20);
            }
        }
    }

    /// A shape whose working memory for the largest batch is beyond what most machines have.
    @Test
    void workingMemoryThatCannotBeHadIsASentenceWithTheSizes() {
        int ffn = 1 << 19;
        TinyFile wide = TinyModel.standard()
                .set("llama.block_count", 1L)
                .set("llama.feed_forward_length", (long) ffn)
                .set("llama.context_length", 1L << 20)
                .format("Q4_0");
        for (String name : new String[] {"ffn_gate", "ffn_up"}) {
            wide.tensor("blk.0." + name + ".weight", ffn, TinyModel.WIDTH);
        }
        Path file = wide.tensor("blk.0.ffn_down.weight", TinyModel.WIDTH, ffn).write(folder.resolve("wide.gguf"));
        long needed = (2L * Float.BYTES * ffn) << 14;
        assumeTrue(
                HostMemory.available().orElse(Long.MAX_VALUE) < needed,
                "SKIPPED: this machine has " + needed + " bytes to spare, or does not say what it has");
        try (Model model = Model.open(file)) {
            long before = NativeMemory.used();
            assertThatThrownBy(() -> model.newSession(SessionOptions.defaults().batch(1 << 14)))
                    .isInstanceOf(ExcitorException.OutOfMemory.class)
                    .hasMessageContaining("16384")
                    .hasMessageContaining("MiB")
                    .hasMessageContaining("-b");
            assertThat(NativeMemory.used()).isLessThanOrEqualTo(before);
            try (Session session = model.newSession(SessionOptions.defaults().batch(1))) {
                session.append(1);
            }
        }
    }
}
