package dev.excitor.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.adapter.Strategy;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// What an engine promises about a model with an adapter: every recorded adapter, which between them use every setting,
/// gives the logits of a double-precision reference, with every strategy that is exact for it, whole and in pieces.
interface ExcitorContract extends OnOneEngine {

    /// In standard deviations of the logits.
    double TOLERANCE = 1e-4;

    @TestFactory
    default Stream<DynamicTest> adaptedLogitsAgreeWithTheDoubleReference() {
        return adapters().flatMap(path -> {
            Adapter adapter = Adapter.open(path);
            return Strategy.exactFor(adapter.config()).stream()
                    .map(strategy -> DynamicTest.dynamicTest(
                            path.getFileName() + " " + strategy, () -> check(path, adapter, strategy)));
        });
    }

    private void check(Path path, Adapter adapter, Strategy strategy) {
        Oracle oracle = oracle(path);
        int[] tokens = oracle.ints("prompt_tokens");
        float scale = (float) oracle.facts().get("adapter_scale").asDouble();
        SessionOptions options =
                SessionOptions.defaults().adapter(adapter).scale(scale).strategy(strategy);
        try (Model model = open(base(oracle), CheckpointReader.Memory.MAPPED)) {
            float[][] whole;
            try (Session session = model.newSession(options)) {
                assertThat(session.strategy()).contains(strategy);
                whole = session.forward(tokens);
                assertThat(oracle.distance(whole)).isLessThan(TOLERANCE);
            }
            try (Session session = model.newSession(options.batch(1))) {
                assertThat(oracle.distance(session.forward(tokens)))
                        .as("token by token")
                        .isLessThan(TOLERANCE);
            }
            try (Session session = model.newSession(options)) {
                float[][] prefix = session.forward(Arrays.copyOf(tokens, tokens.length / 2));
                for (int row = 0; row < prefix.length; row++) {
                    assertThat(oracle.distanceOfRow(prefix[row], whole[row]))
                            .as("a prefix does not depend on what follows")
                            .isLessThan(TOLERANCE);
                }
            }
        }
    }

    @TestFactory
    default Stream<DynamicTest> scaleZeroIsTheBaseBitForBit() {
        return adapters()
                .map(path -> DynamicTest.dynamicTest(path.getFileName().toString(), () -> {
                    Oracle oracle = oracle(path);
                    int[] tokens = oracle.ints("prompt_tokens");
                    Adapter adapter = Adapter.open(path);
                    try (Model model = open(base(oracle), CheckpointReader.Memory.MAPPED);
                            Session base = model.newSession();
                            Session adapted = model.newSession(adapter);
                            Session off = model.newSession(
                                    SessionOptions.defaults().adapter(adapter).scale(0));
                            Session after = model.newSession()) {
                        float[][] expected = base.forward(tokens);
                        assertThat(Arrays.deepEquals(adapted.forward(tokens), expected))
                                .isFalse();
                        assertThat(off.forward(tokens)).isDeepEqualTo(expected);
                        assertThat(after.forward(tokens))
                                .as("another session of the same model")
                                .isDeepEqualTo(expected);
                    }
                }));
    }

    private static Stream<Path> adapters() {
        return Shared.files("oracles/excitor", ".gguf");
    }

    private static Oracle oracle(Path adapter) {
        String name = adapter.getFileName().toString().replace(".gguf", "");
        return Oracle.read(adapter.resolveSibling(name + ".json"), adapter.resolveSibling(name + ".logits.npy"));
    }

    private static Path base(Oracle oracle) {
        return Shared.folder("models").resolve(oracle.facts().get("model").asText());
    }
}
