package dev.excitor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.NullNode;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.runtime.Engine;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.kernel.GpuState;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Whole models with the products of prompts on a device, which a stand-in plays: sharing, closing in every order,
/// failures.
@Timeout(120)
class GpuModelTest {

    private static final int[] TOKENS = {1, 70, 80, 90, 100, 110, 120};

    /// In standard deviations of the logits: what two roundings to f16 in every product come to, with room.
    private static final double HALF_TOLERANCE = 1e-2;

    private static final CheckpointReader.Memory MAPPED = CheckpointReader.Memory.MAPPED;

    @TempDir
    Path folder;

    private Path file;
    private GpuStandIn standIn;

    @BeforeEach
    void writeModel() {
        standIn = GpuStandIn.require();
        file = TinyModel.standard().write(folder.resolve("tiny.gguf"));
    }

    @AfterEach
    void everyCallWasRightAndAllIsGivenBack() {
        if (standIn != null) {
            assertThat(standIn.fault()).isEmpty();
            assertThat(standIn.live()).isZero();
        }
    }

    private float[][] onTheCpu(SessionOptions options) {
        try (Model model = Model.open(file, standIn.options(0), MAPPED);
                Session session = model.newSession(options)) {
            return session.forward(TOKENS);
        }
    }

    private static Oracle oracle(float[][] logits) {
        return new Oracle(NullNode.getInstance(), logits);
    }

    @Test
    void promptsAreMultipliedThereAndSingleTokensHere() {
        Oracle expected = oracle(onTheCpu(SessionOptions.defaults()));
        try (Model model = Model.open(file, standIn.options(), MAPPED);
                Session whole = model.newSession();
                Session single = model.newSession()) {
            long calls = standIn.calls();
            assertThat(expected.distance(whole.forward(TOKENS))).isLessThan(HALF_TOLERANCE);
            assertThat(standIn.calls()).isGreaterThan(calls);
            calls = standIn.calls();
            float[][] rows = new float[TOKENS.length][];
            for (int i = 0; i < TOKENS.length; i++) {
                rows[i] = single.forward(TOKENS[i])[0];
            }
            assertThat(rows).isDeepEqualTo(expected.logits());
            assertThat(standIn.calls()).isEqualTo(calls);
        }
    }

    @TestFactory
    Stream<DynamicTest> recordedModelsGiveTheirLogits() {
        return Shared.files("models", ".gguf")
                .filter(path -> path.getFileName().toString().startsWith("micro-"))
                .map(path -> DynamicTest.dynamicTest(path.getFileName().toString(), () -> {
                    String name = path.getFileName().toString().replace(".gguf", "");
                    Path oracles = Shared.folder("oracles");
                    Oracle oracle = Oracle.read(
                            oracles.resolve(name + ".f32ref.json"), oracles.resolve(name + ".f32ref.logits.npy"));
                    try (Model model = Model.open(path, standIn.options(), MAPPED);
                            Session session = model.newSession()) {
                        assertThat(oracle.distance(session.forward(oracle.ints("prompt_tokens"))))
                                .isLessThan(HALF_TOLERANCE);
                    }
                }));
    }

    @Test
    void anAdapterWorksTheSameThere() {
        Adapter adapter = Adapter.open(TinyAdapter.standard().write(folder.resolve("adapter.gguf")));
        SessionOptions options = SessionOptions.defaults().adapter(adapter);
        Oracle expected = oracle(onTheCpu(options));
        try (Model model = Model.open(file, standIn.options(), MAPPED);
                Session session = model.newSession(options);
                Session plain = model.newSession()) {
            assertThat(expected.distance(session.forward(TOKENS))).isLessThan(HALF_TOLERANCE);
            assertThat(expected.distance(plain.forward(TOKENS))).isGreaterThan(HALF_TOLERANCE);
        }
    }

    @Test
    void sessionsShareTheWeightsAndGiveTheirActivationsBack() {
        try (Engine engine = Engine.open(standIn.options())) {
            long empty = standIn.deviceBytes();
            try (Model model = Model.open(file, engine, MAPPED)) {
                long weights = standIn.deviceBytes();
                assertThat(weights - empty).isEqualTo(((GpuState.InUse) engine.gpu()).weights());
                try (Session one = model.newSession();
                        Session two = model.newSession();
                        Session three = one.fork()) {
                    long calls = standIn.calls();
                    float[][] logits = one.forward(TOKENS);
                    assertThat(two.forward(TOKENS)).isDeepEqualTo(logits);
                    assertThat(three.forward(TOKENS)).isDeepEqualTo(logits);
                    assertThat(standIn.calls()).isGreaterThan(calls);
                }
                assertThat(standIn.deviceBytes()).isEqualTo(weights);
            }
            assertThat(standIn.deviceBytes()).as("after the model").isEqualTo(empty);
            try (Model again = Model.open(file, engine, MAPPED);
                    Session session = again.newSession()) {
                assertThat(session.forward(TOKENS)).hasDimensions(TOKENS.length, TinyModel.VOCAB);
            }
        }
    }

    @Test
    void aModelThatCannotBeBoundLeavesNoWeights() {
        TinyFile incomplete = TinyModel.standard();
        incomplete.without("output_norm.weight");
        Path broken = incomplete.write(folder.resolve("broken.gguf"));
        try (Engine engine = Engine.open(standIn.options())) {
            long empty = standIn.deviceBytes();
            assertThatThrownBy(() -> Model.open(broken, engine, MAPPED))
                    .isInstanceOf(ExcitorException.MalformedFile.class);
            assertThat(standIn.deviceBytes()).isEqualTo(empty);
        }
    }

    /// The engine first, then the model, then its session, each twice.
    @Test
    void closingInTheWrongOrderFreesOnce() {
        Engine engine = Engine.open(standIn.options());
        Model model = Model.open(file, engine, MAPPED);
        Session session = model.newSession();
        session.forward(TOKENS);
        engine.close();
        engine.close();
        assertThat(standIn.live()).isZero();
        assertThatThrownBy(() -> session.forward(1, 2, 3, 4)).isInstanceOf(IllegalStateException.class);
        model.close();
        model.close();
        session.close();
        session.close();
    }

    @Test
    void aPassThatFailsLeavesItsSessionAsItWasAndTheCpuGoesOn() {
        float[][] expected = onTheCpu(SessionOptions.defaults());
        try (Model model = Model.open(file, standIn.options(), MAPPED);
                Session session = model.newSession();
                Session other = model.newSession()) {
            other.forward(TOKENS[0]);
            standIn.failNext(0);
            assertThatThrownBy(() -> session.forward(TOKENS))
                    .isInstanceOfSatisfying(
                            ExcitorException.NativeCall.class,
                            failure -> assertThat(failure.status()).isEqualTo(719));
            assertThat(session.position()).isZero();
            assertThat(standIn.deviceBytes()).isZero();
            assertThat(model.engine().gpu()).isInstanceOf(GpuState.Unusable.class);
            assertThat(session.forward(TOKENS)).isDeepEqualTo(expected);
            other.truncate(0);
            assertThat(other.forward(TOKENS)).isDeepEqualTo(expected);
            try (Session later = model.newSession()) {
                assertThat(later.forward(TOKENS)).isDeepEqualTo(expected);
            }
        }
    }

    /// A session that finds no room says so, and the ones that have theirs go on there.
    @Test
    void aSessionWithoutRoomIsRefusedAlone() {
        try (Model model = Model.open(file, standIn.options(), MAPPED);
                Session session = model.newSession()) {
            standIn.failNext(0);
            assertThatThrownBy(model::newSession).isInstanceOf(ExcitorException.NativeCall.class);
            long calls = standIn.calls();
            session.forward(TOKENS);
            assertThat(standIn.calls()).isGreaterThan(calls);
        }
    }

    @Test
    void theTopLayersAreTaken() {
        try (Model model = Model.open(file, standIn.options(1), MAPPED)) {
            assertThat(model.matrices().stream()
                            .map(matrix -> matrix.linear().prefill().kernel().name()))
                    .startsWith(
                            "scalar", "scalar", "scalar", "scalar", "scalar", "scalar", "scalar", "cublas(4+)/scalar")
                    .endsWith("cublas(4+)/scalar", "scalar");
        }
    }

    /// One thread multiplies, another opens and closes models beside it, and at some time a call fails to either.
    @Test
    void failuresWhileOthersWorkHangNobody() throws InterruptedException {
        float[][] expected = onTheCpu(SessionOptions.defaults());
        for (int trial = 0; trial < 20; trial++) {
            standIn = GpuStandIn.require();
            AtomicReference<Throwable> wrong = new AtomicReference<>();
            try (Engine engine = Engine.open(standIn.options());
                    Model model = Model.open(file, engine, MAPPED);
                    Session session = model.newSession()) {
                Thread worker = Thread.ofPlatform().start(() -> multiply(session, oracle(expected), wrong));
                try (Model beside = Model.open(file, engine, MAPPED)) {
                    standIn.failNext(trial);
                    assertThat(beside.matrices()).isNotEmpty();
                }
                try (Model after = Model.open(file, engine, MAPPED)) {
                    assertThat(after.matrices()).isNotEmpty();
                }
                worker.join();
            }
            assertThat(wrong.get()).isNull();
            assertThat(standIn.fault()).isEmpty();
        }
        standIn = GpuStandIn.require(); // frees that were made to fail have left something
    }

    private static void multiply(Session session, Oracle expected, AtomicReference<Throwable> wrong) {
        try {
            for (int i = 0; i < 20; i++) {
                session.truncate(0);
                try {
                    assertThat(expected.distance(session.forward(TOKENS))).isLessThan(HALF_TOLERANCE);
                } catch (ExcitorException.NativeCall failed) {
                    // logits are a pass of their own, behind the one that took the tokens in
                    assertThat(session.position()).isIn(0, TOKENS.length);
                }
            }
        } catch (Throwable thrown) {
            wrong.set(thrown);
        }
    }
}
