package dev.excitor.model;

import static dev.excitor.model.TinyAdapter.setting;
import static dev.excitor.model.TinyAdapter.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.adapter.Strategy;
import dev.excitor.runtime.ExcitorException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Adapters that come from strangers: each is refused by name, when it is opened or when it meets a model it was not
/// made for, and the model goes on.
class HostileAdapterTest {

    @TempDir
    Path folder;

    private Path model;

    @BeforeEach
    void writeModel() {
        model = TinyModel.standard().write(folder.resolve("tiny.gguf"));
    }

    record Attack(String story, String named, UnaryOperator<TinyFile> change) {}

    private static Attack set(String name, Object value) {
        return new Attack(name + " = " + value, setting(name), a -> a.set(setting(name), value));
    }

    private static Attack without(String name) {
        return new Attack("no " + name, setting(name), a -> a.remove(setting(name)));
    }

    private static Attack layers(String story, long... layers) {
        return new Attack(story, setting("layers"), a -> a.set(setting("layers"), layers));
    }

    static final List<Attack> ATTACKS = List.of(
            new Attack("not an adapter", "general.type", a -> a.set("general.type", "model")),
            new Attack("no type", "general.type", a -> a.remove("general.type")),
            new Attack("another method", "adapter.type", a -> a.set("adapter.type", "lora")),
            new Attack("another architecture", "general.architecture", a -> a.set("general.architecture", "gptx")),
            set("version", 0L),
            set("version", 2L),
            set("version", "1"),
            set("surprise", 1L),
            set("query_ropes", "shared"),
            set("query_rope", "none"),
            set("query_rope", "SHARED"),
            set("query_rope", 1L),
            set("extra_key_rope", "both"),
            set("inner_heads", "many"),
            set("inner_scale", Float.NaN),
            set("inner_scale", Float.POSITIVE_INFINITY),
            set("inner_scale", 1e300),
            set("inner_scale", "automatic"),
            set("gate_shape", ""),
            set("gate_activation", "sigmoid"),
            set("input", "raw"),
            set("width", "k"),
            set("rope_layout", "neox"),
            set("prompt_length", 0L),
            set("prompt_length", 1L << 31),
            set("prompt_length", 0xFFFF_FFFFL),
            set("rank", 0L),
            set("rank", 1L << 31),
            set("base.head_count", 0L),
            set("base.head_count_kv", 3L),
            set("base.key_length", 0L),
            set("base.block_count", 0L),
            without("version"),
            without("layers"),
            without("rank"),
            without("prompt_length"),
            without("base.embedding_length"),
            layers("no layers"),
            layers("a layer twice", 1, 1),
            layers("a layer outside", 1, TinyModel.LAYERS),
            layers("a negative layer", -1),
            set("layers", List.of("1")),
            set("layers", 1L),
            // what the settings promise is not in the file, or more than that
            new Attack("a missing tensor", tensor("q_up"), a -> a.without(tensor("q_up"))),
            new Attack("a tensor too many", "blk.0.excitor.gate", a -> a.tensor("blk.0.excitor.gate", 1, 2)),
            new Attack("an image's tensor", tensor("v_k_up"), a -> a.tensor(tensor("v_k_up"), 4, 4)),
            new Attack("fewer prompts than said", tensor("prompt"), a -> a.tensor(tensor("prompt"), 4, 32)),
            new Attack("more prompts than there are", tensor("prompt"), a -> a.set(setting("prompt_length"), 16384L)),
            new Attack("a transposed tensor", tensor("q_down"), a -> a.tensor(tensor("q_down"), 64, 3)),
            new Attack("as wide as the queries", tensor("prompt"), a -> a.set(setting("width"), "q")),
            new Attack("a gate for each head", tensor("gate"), a -> a.set(setting("gate_shape"), "head")),
            new Attack("a gate of NaN", tensor("gate"), a -> a.fill(tensor("gate"), Float.NaN)),
            new Attack("an infinite gate", tensor("gate"), a -> a.fill(tensor("gate"), Float.POSITIVE_INFINITY)),
            new Attack("prompts of NaN", tensor("prompt"), a -> a.fill(tensor("prompt"), Float.NaN)),
            new Attack("an infinite projection", tensor("q_up"), a -> a.fill(tensor("q_up"), Float.NEGATIVE_INFINITY)),
            new Attack(
                    "a block scale of NaN",
                    tensor("q_down"),
                    a -> a.tensor(tensor("prompt"), 5, 32)
                            .set(setting("rank"), 32L)
                            .tensor(tensor("q_down"), 32, 64)
                            .tensor(tensor("q_up"), 32, 32)
                            .format("Q8_0")
                            .begin(tensor("q_down"), 0x00, 0x7e)));

    @TestFactory
    Stream<DynamicTest> impossibleAdaptersAreRefusedByName() {
        return ATTACKS.stream()
                .map(attack -> DynamicTest.dynamicTest(attack.story(), () -> {
                    Path file = attack.change()
                            .apply(TinyAdapter.standard())
                            .write(folder.resolve("attack-" + ATTACKS.indexOf(attack) + ".gguf"));
                    assertThatThrownBy(() -> Adapter.open(file))
                            .isInstanceOf(ExcitorException.class)
                            .hasMessageContaining(attack.named())
                            .hasMessageContaining(file.getFileName().toString());
                }));
    }

    /// In safetensors every value is a text, so some values of the wrong type are right.
    private static final List<String> SOUND_AS_TEXT = List.of("version = 1", "layers = [1]", "layers = 1");

    @TestFactory
    Stream<DynamicTest> impossibleAdaptersInSafetensorsAreRefusedByName() {
        return ATTACKS.stream()
                .filter(attack -> !SOUND_AS_TEXT.contains(attack.story()))
                .map(attack -> DynamicTest.dynamicTest(attack.story(), () -> {
                    Path file = attack.change()
                            .apply(TinyAdapter.standard())
                            .writeSafetensors(folder.resolve("attack-" + ATTACKS.indexOf(attack) + ".safetensors"));
                    assertThatThrownBy(() -> Adapter.open(file))
                            .isInstanceOf(ExcitorException.class)
                            .hasMessageContaining(attack.named())
                            .hasMessageContaining(file.getFileName().toString());
                }));
    }

    /// Sound adapters of models that differ in one extent each.
    static final List<Attack> OTHER_BASES = List.of(
            new Attack("more layers", "block_count", a -> a.set(setting("base.block_count"), 32L)),
            new Attack(
                    "wider",
                    "embedding_length",
                    a -> a.set(setting("base.embedding_length"), 128L).tensor(tensor("q_down"), TinyAdapter.RANK, 128)),
            new Attack("more heads", "head_count", a -> a.set(setting("base.head_count"), 8L)),
            new Attack(
                    "as many kv heads as heads",
                    "head_count_kv",
                    a -> a.set(setting("base.head_count_kv"), 4L)
                            .tensor(tensor("prompt"), TinyAdapter.PROMPTS, 64)
                            .tensor(tensor("q_up"), 64, TinyAdapter.RANK)
                            .tensor(tensor("gate"), 1, 4)),
            new Attack(
                    "shorter heads",
                    "key_length",
                    a -> a.set(setting("base.key_length"), 8L)
                            .tensor(tensor("prompt"), TinyAdapter.PROMPTS, 16)
                            .tensor(tensor("q_up"), 16, TinyAdapter.RANK)));

    @TestFactory
    Stream<DynamicTest> adaptersOfOtherModelsAreRefusedWhereTheyMeetThisOne() {
        return OTHER_BASES.stream()
                .map(attack -> DynamicTest.dynamicTest(attack.story(), () -> {
                    Path file = attack.change().apply(TinyAdapter.standard()).write(folder.resolve("other.gguf"));
                    Adapter adapter = Adapter.open(file);
                    try (Model opened = Model.open(model)) {
                        for (float scale : new float[] {1, 0}) {
                            assertThatThrownBy(() -> opened.newSession(SessionOptions.defaults()
                                            .adapter(adapter)
                                            .scale(scale)))
                                    .isInstanceOf(ExcitorException.Mismatch.class)
                                    .hasMessageContaining(attack.named())
                                    .hasMessageContaining("other.gguf");
                        }
                        assertWorks(opened, SessionOptions.defaults());
                    }
                }));
    }

    @Test
    void theAdapterThatIsAttackedIsSound() {
        Adapter adapter = Adapter.open(TinyAdapter.standard().write(folder.resolve("sound.gguf")));
        try (Model opened = Model.open(model)) {
            assertWorks(opened, SessionOptions.defaults().adapter(adapter));
        }
    }

    private static void assertWorks(Model model, SessionOptions options) {
        try (Session session = model.newSession(options)) {
            assertThat(session.generate("a", given -> given.maxTokens(3).ignoreEnd(true))
                            .text())
                    .isNotNull();
        }
    }

    @Test
    void aModelIsNoAdapterAndAnAdapterNoModel() {
        assertThatThrownBy(() -> Adapter.open(model))
                .isInstanceOf(ExcitorException.class)
                .hasMessageContaining("general.type");
        Path adapter = TinyAdapter.standard().write(folder.resolve("adapter.gguf"));
        assertThatThrownBy(() -> Model.open(adapter).close()).isInstanceOf(ExcitorException.class);
    }

    /// A gate and a scale that are finite, and whose product is not.
    @Test
    void gatesThatDrownEverythingEndInASentence() {
        Adapter adapter =
                Adapter.open(TinyAdapter.standard().fill(tensor("gate"), 3e38f).write(folder.resolve("huge.gguf")));
        try (Model opened = Model.open(model);
                Session other = opened.newSession()) {
            for (Strategy strategy : Strategy.exactFor(adapter.config())) {
                SessionOptions options =
                        SessionOptions.defaults().adapter(adapter).scale(1000).strategy(strategy);
                try (Session session = opened.newSession(options)) {
                    assertThatThrownBy(() -> session.generate("aaaa").text())
                            .as("%s", strategy)
                            .isInstanceOf(ExcitorException.NotFinite.class);
                }
            }
            assertThat(other.forward(1, 2, 3))
                    .as("a session without the adapter")
                    .hasNumberOfRows(3);
        }
    }

    @Test
    void scalesThatAreNoNumbersAreRefused() {
        for (float scale : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            assertThatThrownBy(() -> SessionOptions.defaults().scale(scale))
                    .isInstanceOf(ExcitorException.InvalidOption.class)
                    .hasMessageContaining("scale");
        }
    }
}
