package dev.excitor.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A long prompt takes minutes on a large model: whoever changes their mind need not wait for its end.
class PromptCancellationTest {

    private static final int BATCH = 4;
    private static final int[] PROMPT = IntStream.range(50, 50 + 5 * BATCH + 1).toArray();

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void writeModel() {
        file = TinyModel.standard().write(folder.resolve("tiny.gguf"));
    }

    @Test
    void aPromptStopsBetweenTwoBatchesAndLeavesTheSessionAsItWas() {
        try (Model model = Model.open(file);
                Session session = model.newSession(SessionOptions.defaults().batch(BATCH));
                Session fresh = model.newSession(SessionOptions.defaults().batch(BATCH))) {
            session.append(1, 2, 3);
            AtomicInteger asked = new AtomicInteger();
            assertThat(session.append(PROMPT, () -> asked.incrementAndGet() > 2))
                    .isFalse();
            assertThat(asked).hasValue(3);
            assertThat(session.position()).isEqualTo(3);
            fresh.append(1, 2, 3);
            assertThat(session.forward(PROMPT)).isDeepEqualTo(fresh.forward(PROMPT));
        }
    }

    @Test
    void aGenerationCancelledDuringItsPromptHasNoText() {
        try (Model model = Model.open(file);
                Session session = model.newSession(SessionOptions.defaults().batch(BATCH))) {
            Generation generation = session.generate(PROMPT, GenerationOptions.defaults());
            generation.cancel();
            assertThat(generation.next()).isNull();
            assertThat(generation.next()).isNull();
            assertThat(generation.stopReason()).contains(StopReason.CANCELLED);
            assertThat(generation.lastToken()).isEmpty();
            assertThat(session.position()).isZero();
        }
    }
}
