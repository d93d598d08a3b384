package dev.excitor.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.model.sampling.SamplerSettings;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.kv.KvLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// What an engine promises about a bare model: every recorded one gives the float reference's logits, in whatever
/// pieces its tokens come, and writes the recorded text.
interface LogitsContract extends OnOneEngine {

    /// In standard deviations of the logits.
    double FLOAT_TOLERANCE = 1e-3;

    double F16_CACHE_TOLERANCE = 2e-2;

    /// A step where the two best logits are closer than this, in standard deviations, may go either way.
    double TIE = 2e-3;

    @TestFactory
    default Stream<DynamicTest> logitsAgreeWithTheFloatReference() {
        return ofEachModel((model, oracle) -> {
            int[] tokens = oracle.ints("prompt_tokens");
            try (Model opened = open(model, CheckpointReader.Memory.MAPPED);
                    Session session = opened.newSession()) {
                assertThat(oracle.distance(session.forward(tokens))).isLessThan(FLOAT_TOLERANCE);
            }
        });
    }

    @TestFactory
    default Stream<DynamicTest> tokenByTokenAndAnyBatchGiveTheSame() {
        return ofEachModel((model, oracle) -> {
            int[] tokens = oracle.ints("prompt_tokens");
            try (Model opened = open(model, CheckpointReader.Memory.COPIED)) {
                for (int batch : batches()) {
                    try (Session session =
                            opened.newSession(SessionOptions.defaults().batch(batch))) {
                        assertThat(oracle.distance(session.forward(tokens)))
                                .as("batches of %d", batch)
                                .isLessThan(FLOAT_TOLERANCE);
                    }
                }
                try (Session session =
                        opened.newSession(SessionOptions.defaults().cache(KvLayout.Type.F16))) {
                    assertThat(oracle.distance(session.forward(tokens)))
                            .as("f16 cache")
                            .isLessThan(F16_CACHE_TOLERANCE);
                }
            }
        });
    }

    @TestFactory
    default Stream<DynamicTest> greedyTextIsTheRecordedOne() {
        return ofEachModel((model, oracle) -> {
            int[] expected = oracle.ints("greedy_tokens");
            double[] gaps = oracle.doubles("greedy_top1_top2_gap");
            double tie = TIE * oracle.deviation();
            GenerationOptions greedy = GenerationOptions.defaults()
                    .sampler(SamplerSettings.greedy())
                    .maxTokens(1)
                    .ignoreEnd(true);
            try (Model opened = open(model, CheckpointReader.Memory.MAPPED);
                    Session session = opened.newSession()) {
                int[] next = oracle.ints("prompt_tokens");
                for (int i = 0; i < textLength(); i++) {
                    Generation step = session.generate(next, greedy);
                    step.text();
                    int found = step.lastToken().orElseThrow();
                    if (gaps[i] > tie) {
                        assertThat(found).as("token %d, gap %s", i, gaps[i]).isEqualTo(expected[i]);
                    }
                    next = new int[] {expected[i]};
                }
            }
        });
    }

    /// Sizes of the pieces that a prompt goes through the model in; all 32 tokens at once are the test of the logits.
    default List<Integer> batches() {
        return List.of(1, 3, 13);
    }

    /// How much of the recorded text is written, in tokens.
    default int textLength() {
        return 64;
    }

    private static Stream<DynamicTest> ofEachModel(ModelCheck check) {
        return Shared.files("models", ".gguf").map(model -> {
            String name = model.getFileName().toString().replace(".gguf", "");
            return DynamicTest.dynamicTest(name, () -> {
                Path oracles = Shared.folder("oracles");
                check.run(
                        model,
                        Oracle.read(
                                oracles.resolve(name + ".f32ref.json"), oracles.resolve(name + ".f32ref.logits.npy")));
            });
        });
    }

    /// What is to be shown of a model and its record.
    @FunctionalInterface
    interface ModelCheck {
        void run(Path model, Oracle oracle);
    }
}
