package dev.excitor.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.model.sampling.SamplerSettings;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kv.KvLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Every recorded model against the float reference of its logits, on every tier and width, fed in every way.
class LogitsOracleTest {

    /// In standard deviations of the logits.
    private static final double FLOAT_TOLERANCE = 1e-3;

    private static final double F16_CACHE_TOLERANCE = 2e-2;

    /// A step where the two best logits are closer than this, in standard deviations, may go either way.
    private static final double TIE = 2e-3;

    static final List<EngineOptions> ENGINES = List.of(
            new EngineOptions(1, Kernels.Tier.SCALAR, 0),
            new EngineOptions(1, Kernels.Tier.VECTOR, 128),
            new EngineOptions(1, Kernels.Tier.VECTOR, 256),
            new EngineOptions(1, Kernels.Tier.VECTOR, 512));

    @TestFactory
    Stream<DynamicTest> logitsAgreeWithTheFloatReference() {
        return models().flatMap(model -> ENGINES.stream()
                .map(engine -> DynamicTest.dynamicTest(name(model) + " " + describe(engine), () -> {
                    Oracle oracle = oracle(model);
                    int[] tokens = oracle.ints("prompt_tokens");
                    try (Model opened = Model.open(model, engine, CheckpointReader.Memory.MAPPED);
                            Session session = opened.newSession()) {
                        assertThat(oracle.distance(session.forward(tokens))).isLessThan(FLOAT_TOLERANCE);
                    }
                })));
    }

    @TestFactory
    Stream<DynamicTest> tokenByTokenAndAnyBatchGiveTheSame() {
        return models().map(model -> DynamicTest.dynamicTest(name(model), () -> {
            Oracle oracle = oracle(model);
            int[] tokens = oracle.ints("prompt_tokens");
            try (Model opened = Model.open(model, ENGINES.getLast(), CheckpointReader.Memory.COPIED)) {
                for (int batch : List.of(1, 3, 13, 32)) {
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
        }));
    }

    @TestFactory
    Stream<DynamicTest> greedyTextIsTheRecordedOne() {
        return models().map(model -> DynamicTest.dynamicTest(name(model), () -> {
            Oracle oracle = oracle(model);
            int[] expected = oracle.ints("greedy_tokens");
            double[] gaps = oracle.doubles("greedy_top1_top2_gap");
            double tie = TIE * oracle.deviation();
            GenerationOptions greedy = GenerationOptions.defaults()
                    .sampler(SamplerSettings.greedy())
                    .maxTokens(1)
                    .ignoreEnd(true);
            try (Model opened = Model.open(model, ENGINES.getLast(), CheckpointReader.Memory.MAPPED);
                    Session session = opened.newSession()) {
                int[] next = oracle.ints("prompt_tokens");
                for (int i = 0; i < expected.length; i++) {
                    Generation step = session.generate(next, greedy);
                    step.text();
                    int found = step.lastToken().orElseThrow();
                    if (gaps[i] > tie) {
                        assertThat(found).as("token %d, gap %s", i, gaps[i]).isEqualTo(expected[i]);
                    }
                    next = new int[] {expected[i]};
                }
            }
        }));
    }

    static Stream<Path> models() {
        return Shared.files("models", ".gguf");
    }

    private static Oracle oracle(Path model) {
        Path oracles = Shared.folder("oracles");
        return Oracle.read(
                oracles.resolve(name(model) + ".f32ref.json"), oracles.resolve(name(model) + ".f32ref.logits.npy"));
    }

    private static String name(Path model) {
        return model.getFileName().toString().replace(".gguf", "");
    }

    private static String describe(EngineOptions engine) {
        return engine.tier() + (engine.vectorBits() == 0 ? "" : " " + engine.vectorBits());
    }
}
