package dev.excitor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.model.sampling.SamplerSettings;
import dev.excitor.runtime.Engine;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What happens at the edges of a session's life: closing in every order, sharing, forking, files that change
/// underneath.
@Timeout(120)
class LifecycleTest {

    private static final int[] TOKENS = {1, 70, 80, 90, 100, 110, 120};

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void writeModel() {
        file = TinyModel.standard().write(folder.resolve("tiny.gguf"));
    }

    @Test
    void closingTwiceIsFineAndUseAfterCloseIsRefused() {
        Model model = Model.open(file);
        Session session = model.newSession();
        Session orphan = model.newSession();
        session.forward(TOKENS);
        session.close();
        session.close();
        assertThatThrownBy(() -> session.forward(1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        model.close();
        model.close();
        assertThatThrownBy(() -> orphan.forward(1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        assertThatThrownBy(model::newSession).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(orphan::fork)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the model");
        orphan.close();
        assertThatThrownBy(orphan::fork)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the session");
    }

    /// The same numbers whoever computes them, and never more threads than the larger of both.
    @Test
    void promptsMayHaveOtherThreadsThanSingleTokens() {
        EngineOptions one = EngineOptions.defaults().withThreads(1);
        for (EngineOptions options :
                List.of(one.withBatchThreads(3), one.withThreads(3).withBatchThreads(1), one.withThreads(2))) {
            try (Model expected = Model.open(file, one, CheckpointReader.Memory.MAPPED);
                    Model model = Model.open(file, options, CheckpointReader.Memory.MAPPED);
                    Session alone = expected.newSession();
                    Session session = model.newSession()) {
                int several = options.batchThreads() == 0 ? options.threads() : options.batchThreads();
                assertThat(model.engine().threads(1)).isEqualTo(options.threads());
                assertThat(model.engine().threads(2)).isEqualTo(several);
                assertThat(model.engine().team().size()).isEqualTo(Math.max(options.threads(), several));
                for (int round = 0; round < 3; round++) {
                    assertThat(session.forward(TOKENS)).isDeepEqualTo(alone.forward(TOKENS));
                    assertThat(session.forward(5)).isDeepEqualTo(alone.forward(5));
                }
            }
        }
    }

    @Test
    void closingTheModelWhileAnotherThreadGeneratesEndsThatGenerationCleanly() throws InterruptedException {
        Model model = Model.open(file);
        Session session = model.newSession();
        CountDownLatch running = new CountDownLatch(1);
        AtomicReference<Throwable> end = new AtomicReference<>();
        Thread thread = Thread.ofPlatform().start(() -> {
            try {
                while (true) {
                    session.truncate(0);
                    session.generate("aaaa", options -> options.maxTokens(100).ignoreEnd(true))
                            .forEach(piece -> running.countDown());
                }
            } catch (RuntimeException expected) {
                end.set(expected);
            }
        });
        running.await();
        model.close();
        thread.join();
        assertThat(end.get()).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
        session.close();
    }

    @Test
    void aSecondThreadInASessionIsRefused() throws InterruptedException {
        try (Model model = Model.open(file);
                Session session = model.newSession()) {
            AtomicReference<Throwable> refused = new AtomicReference<>();
            session.forward(TOKENS, (row, logits) -> {
                if (row == 0) {
                    Thread other = Thread.ofPlatform().start(() -> {
                        try {
                            session.forward(1);
                        } catch (IllegalStateException expected) {
                            refused.set(expected);
                        }
                    });
                    join(other);
                }
            });
            assertThat(refused.get()).hasMessageContaining("another thread");
            assertThat(session.forward(1)).hasDimensions(1, TinyModel.VOCAB);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void sessionsOfOneModelInManyThreadsDoNotDisturbEachOther() throws InterruptedException {
        try (Model model = Model.open(file)) {
            float[][] expected;
            try (Session session = model.newSession()) {
                expected = session.forward(TOKENS);
            }
            AtomicReference<Throwable> failure = new AtomicReference<>();
            List<Thread> threads = IntStream.range(0, 4)
                    .mapToObj(i -> Thread.ofPlatform().start(() -> {
                        try {
                            for (int round = 0; round < 20; round++) {
                                try (Session session = model.newSession()) {
                                    assertThat(session.forward(TOKENS)).isEqualTo(expected);
                                }
                            }
                        } catch (Throwable thrown) {
                            failure.set(thrown);
                        }
                    }))
                    .toList();
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failure.get()).isNull();
        }
    }

    @Test
    void forksAndTruncationsGiveWhatAFreshSessionGives() {
        try (Model model = Model.open(file);
                Session session = model.newSession();
                Session fresh = model.newSession()) {
            session.forward(TOKENS);
            try (Session fork = session.fork()) {
                fork.forward(5, 6, 7);
                session.truncate(3);
                float[][] again = session.forward(Arrays.copyOfRange(TOKENS, 3, TOKENS.length));
                float[][] expected = fresh.forward(TOKENS);
                for (int i = 0; i < again.length; i++) {
                    assertThat(again[i]).containsExactly(expected[i + 3], Offset.offset(1e-4f));
                }
                assertThat(fork.position()).isEqualTo(TOKENS.length + 3);
            }
        }
    }

    @Test
    void aFullContextIsRefusedAndLeavesTheSessionAsItWas() {
        try (Model model = Model.open(file);
                Session session =
                        model.newSession(SessionOptions.defaults().context(8).batch(4))) {
            session.append(TOKENS);
            assertThatThrownBy(() -> session.append(1, 2, 3))
                    .isInstanceOf(ExcitorException.ContextFull.class)
                    .hasMessageContaining("holds 8");
            assertThat(session.position()).isEqualTo(TOKENS.length);
            Generation rest = session.generate(
                    new int[0], GenerationOptions.defaults().ignoreEnd(true).sampler(SamplerSettings.greedy()));
            rest.text();
            assertThat(rest.stopReason()).contains(StopReason.CONTEXT_FULL);
            assertThat(rest.stats().generatedTokens())
                    .as("one for the last place and one beyond")
                    .isEqualTo(2);
            session.truncate(2);
            assertThatThrownBy(() -> session.generate(new int[0], GenerationOptions.defaults())
                            .text())
                    .as("after a truncation there are no logits to go on from")
                    .isInstanceOf(ExcitorException.InvalidOption.class);
        }
    }

    @Test
    void tokensOutsideTheVocabularyAreRefused() {
        try (Model model = Model.open(file);
                Session session = model.newSession()) {
            assertThatThrownBy(() -> session.append(-1)).isInstanceOf(ExcitorException.InvalidOption.class);
            assertThatThrownBy(() -> session.append(TinyModel.VOCAB))
                    .isInstanceOf(ExcitorException.InvalidOption.class);
            assertThat(session.position()).isZero();
        }
    }

    @Test
    void aFileThatShrinksUnderTheModelIsNoticedBeforeThePass() throws IOException {
        try (Model model = Model.open(file);
                Session session = model.newSession();
                RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
            session.append(TOKENS);
            raw.setLength(raw.length() / 2);
            assertThatThrownBy(() -> session.append(1))
                    .isInstanceOf(ExcitorException.FileChanged.class)
                    .hasMessageContaining("tiny.gguf");
        }
    }

    /// Between two tokens of a text, with sessions of another model on the same engine.
    @Test
    void aFileThatShrinksEndsTheTextsOfItsModelAndNoOthers() throws IOException {
        Path other = TinyModel.standard().write(folder.resolve("other.gguf"));
        try (Engine engine = Engine.open(EngineOptions.defaults().withThreads(2));
                Model model = Model.open(file, engine, CheckpointReader.Memory.MAPPED);
                Model sound = Model.open(other, engine, CheckpointReader.Memory.MAPPED);
                Session session = model.newSession();
                Session sibling = model.newSession();
                Session stranger = sound.newSession()) {
            stranger.append(TOKENS);
            Generation text = session.generate("a", options -> options.ignoreEnd(true));
            assertThat(text.next()).isNotEmpty();
            try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
                raw.setLength(raw.length() / 2);
            }
            assertThatThrownBy(text::text)
                    .isInstanceOf(ExcitorException.FileChanged.class)
                    .hasMessageContaining("tiny.gguf");
            assertThatThrownBy(() -> sibling.append(1)).isInstanceOf(ExcitorException.FileChanged.class);
            assertThatThrownBy(() -> Model.open(file, engine, CheckpointReader.Memory.MAPPED)
                            .close())
                    .isInstanceOf(ExcitorException.MalformedFile.class);
            assertThat(stranger.forward(1, 2)).hasNumberOfRows(2);
            assertThat(session.position()).as("what it read before is kept").isPositive();
        }
    }

    @Test
    void aFileThatIsReplacedUnderTheModelIsNoticed() throws IOException {
        Path other = TinyModel.standard().fill("output.weight", 1).write(folder.resolve("other.gguf"));
        try (Model model = Model.open(file);
                Session session = model.newSession()) {
            session.append(TOKENS);
            Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
            assertThatThrownBy(() -> session.append(1)).isInstanceOf(ExcitorException.FileChanged.class);
        }
    }

    @Test
    void weightsInMemoryOutliveTheirFile() throws IOException {
        try (Model model = Model.open(file, EngineOptions.defaults(), CheckpointReader.Memory.COPIED);
                Session session = model.newSession()) {
            Files.delete(file);
            assertThat(session.forward(TOKENS)).hasDimensions(TOKENS.length, TinyModel.VOCAB);
        }
    }

    @Test
    void modelsShareAnEngineThatOutlivesThem() {
        try (Engine engine = Engine.open(EngineOptions.defaults().withThreads(2))) {
            float[][] first = forward(engine);
            assertThat(forward(engine)).isEqualTo(first);
        }
    }

    private float[][] forward(Engine engine) {
        try (Model model = Model.open(file, engine, CheckpointReader.Memory.MAPPED);
                Session session = model.newSession()) {
            return session.forward(TOKENS);
        }
    }

    @Test
    void theNumberOfThreadsChangesNothing() {
        float[][] expected = null;
        for (int threads = 1; threads <= 3; threads++) {
            try (Engine engine = Engine.open(EngineOptions.defaults().withThreads(threads))) {
                float[][] found = forward(engine);
                expected = expected == null ? found : expected;
                assertThat(found).isEqualTo(expected);
            }
        }
    }

    @Test
    void theSameSeedGivesTheSameTextAndCancelEndsIt() {
        try (Model model = Model.open(file)) {
            String first = text(model, 7);
            assertThat(text(model, 7)).isEqualTo(first);
            assertThat(text(model, 8)).isNotEqualTo(first);
            try (Session session = model.newSession()) {
                Generation generation = session.generate("a", options -> options.ignoreEnd(true));
                generation.forEach(piece -> generation.cancel());
                assertThat(generation.stopReason()).contains(StopReason.CANCELLED);
            }
        }
    }

    private static String text(Model model, long seed) {
        try (Session session = model.newSession()) {
            return session.generate(
                            "a", options -> options.maxTokens(24).seed(seed).ignoreEnd(true))
                    .text();
        }
    }
}
