package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class InfoCommandTest {

    @TempDir
    Path folder;

    private Path model = Path.of("");

    @BeforeEach
    void makeAModel() {
        model = TestFiles.model(folder.resolve("m.gguf"), "Q4_0");
    }

    @Test
    void showsSizesFormatsMemoryAndKernels() {
        assertThat(info(model))
                .containsPattern("layers +2\n")
                .containsPattern("width +64\n")
                .containsPattern("key/value heads +2\n")
                .containsPattern("head size +16\n")
                .containsPattern("feed-forward +96\n")
                .containsPattern("vocabulary +400\n")
                .containsPattern("context +96\n")
                .containsPattern("rope base +10000.0\n")
                .containsPattern("kind +SentencePiece, 400 tokens\n")
                .containsPattern("opens a text +1 <s>, added to prompts\n")
                .containsPattern("chat template +none in the file\n")
                .containsPattern("attn_q +Q4_0 +2 tensors +4.5 KiB +4.50 bits\n")
                .containsPattern("attn_norm +F32 +2 tensors +512 bytes +32.00 bits\n")
                .containsPattern("all +F32 Q4_0 +21 tensors")
                // 2 layers x 2 heads x (16 + 16) numbers x 4 bytes x 1,000
                .containsPattern("f32 cache +500.0 KiB for 1,000 tokens +48.0 KiB for all 96\n")
                .containsPattern("f16 cache +250.0 KiB for 1,000 tokens")
                .containsPattern("Q4_0 64x64 DECODE: .*\\S+ accepted +2 attn_q, 2 attn_output\n")
                .containsPattern("Q4_0 96x64 PREFILL: .*\\S+ accepted +2 ffn_gate, 2 ffn_up\n")
                .doesNotContain("not used", "Tensors of", "Metadata of");
    }

    @Test
    void saysHowManyThreadsThereAreForWhat() {
        assertThat(info(model, "-t", "1", "-tb", "3")).contains("Kernels, on 1 thread, 3 for prompts");
        assertThat(info(model, "-t", "2")).contains("Kernels, on 2 threads\n");
        CommandRun refused = CommandRun.of("info", model.toString(), "-tb", "2000");
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.err()).contains("-tb", "from 1 to 1024", "2000");
    }

    @Test
    void theTierAskedForIsTheTierShown() {
        assertThat(info(model, "--kernel", "scalar"))
                .contains("scalar accepted")
                .doesNotContain("vector");
        assertThat(info(model, "--kernel", "vector", "--vector-bits", "256", "-t", "1"))
                .contains("vector(256) accepted", "on 1 thread\n");
    }

    @Test
    void listsTensorsAndMetadata() {
        assertThat(info(model, "--tensors", "--metadata"))
                .containsPattern("blk\\.1\\.attn_q\\.weight +64x64 +2,304 bytes +Q4_0\n")
                .containsPattern("output_norm\\.weight +1x64 +256 bytes +F32\n")
                .containsPattern("llama\\.context_length +96\n")
                .containsPattern("tokenizer\\.ggml\\.tokens +400 string: \\['<unk>', ");
    }

    @Test
    void listsWhatTheArchitectureDoesNotUseAndKnowsATemplate() throws IOException {
        Path file = TestFiles.variant(model, folder.resolve("more.gguf"), writer -> {
            writer.string(
                    "tokenizer.chat_template", "{% for m in messages %}<|im_start|>{{ m }}<|im_end|>{% endfor %}");
            TestFiles.constant(writer, "blk.0.surprise\u001b[2J.weight", 4, 1);
        });
        assertThat(info(file))
                .contains("Tensors that are not used\n  blk.0.surprise?[2J.weight\n")
                .containsPattern("chat template +chatml\n")
                .doesNotContain("\u001b");
    }

    @Test
    void aTemplateNobodyKnowsIsSaidToBe() throws IOException {
        Path file = TestFiles.variant(
                model, folder.resolve("more.gguf"), writer -> writer.string("tokenizer.chat_template", "{{ hm }}"));
        assertThat(info(file)).contains("8 characters, none of those known: ").contains("llama3");
    }

    @Test
    void aVocabularyIsShownWithoutWeights() throws IOException {
        Path file = folder.resolve("vocabulary.gguf");
        TestFiles.metadataOf(model, file).write();
        assertThat(info(file))
                .containsPattern("parameters +none, a vocabulary only\n")
                .containsPattern("width +64\n")
                .contains("SentencePiece, 400 tokens")
                .doesNotContain("Kernels", "Formats", "cannot be run");
    }

    @Test
    void aSplitModelIsShownAsOne() throws IOException {
        TestFiles.variant(model, folder.resolve("split.gguf"), writer -> writer.split(9));
        assertThat(info(folder.resolve("split-00001-of-00003.gguf")))
                .contains("3 files", " in the first\n", "accepted")
                .containsPattern("all +F32 Q4_0 +21 tensors");
    }

    @Test
    void aModelThatCannotBeRunIsShownWithTheReason() throws IOException {
        Path other = TestFiles.variant(
                model,
                folder.resolve("other.gguf"),
                writer -> writer.string("general.architecture", "mamba"),
                "general.architecture");
        assertThat(info(other)).contains("It cannot be run\n", "mamba is not supported", "attn_q", "4.50 bits");
        Path lacking = TestFiles.variant(model, folder.resolve("lacking.gguf"), writer -> {}, "blk.1.attn_k.weight");
        assertThat(info(lacking)).contains("It cannot be run\n", "blk.1.attn_k.weight (32x64) is missing");
        Path wordless = TestFiles.variant(
                model,
                folder.resolve("wordless.gguf"),
                writer -> writer.string("tokenizer.ggml.model", "t5"),
                "tokenizer.ggml.model");
        assertThat(info(wordless)).contains("The tokenizer \"t5\"");
    }

    @Test
    void showsAnAdapterAloneAndWithItsModel() throws IOException {
        Path adapter = TestFiles.adapter(
                folder.resolve("a.gguf"),
                TestFiles.LAYERS,
                writer -> writer.string("adapter.excitor.input", "pre_norm")
                        .string("adapter.excitor.prompt_template", "### {instruction}")
                        .string("adapter.excitor.base.hash", "abc"));
        String alone = info(adapter);
        assertThat(alone)
                .containsPattern("made for +2 layers, width 64, 4 heads, 2 key/value heads, head size 16\n")
                .containsPattern("base's hash +'abc', not checked\n")
                .containsPattern("layers +1 +1 of 2\n")
                .containsPattern("prompt_length +5 ")
                .containsPattern("rank +3 ")
                .containsPattern("query_rope +shared +the default\n")
                .containsPattern("input +pre_norm\n")
                .containsPattern("inner_scale +0.25 +automatic")
                .containsPattern("width +kv +E = 32, the default\n")
                .containsPattern("prompt_template +'### \\{instruction\\}'\n")
                .containsPattern("fused +0 bytes +exact, and chosen as the cheapest that is\n")
                // one layer x 2 heads x 5 weights x 4 bytes x 1,000
                .containsPattern("factored +39.1 KiB +exact\n")
                .containsPattern("separate +125.0 KiB +exact\n")
                .doesNotContain("fits the model", "Kernels");
        // K E + r C + E r + G
        assertThat(alone).containsPattern("parameters +%d in ".formatted(5 * 32 + 3 * 64 + 32 * 3 + 2));
        assertThat(info(model, adapter.toString(), "--tensors"))
                .contains("Kernels", "blk.1.excitor.q_up", "blk.1.attn_q.weight")
                .containsPattern("fits the model +yes\n");
    }

    @Test
    void saysWhyAnAdapterDoesNotFitOrFuse() throws IOException {
        Path adapter = TestFiles.adapter(
                folder.resolve("a.gguf"),
                TestFiles.LAYERS + 1,
                writer -> writer.string("adapter.excitor.extra_key_rope", "key")
                        .string("adapter.excitor.query_rope", "raw"));
        assertThat(info(model, adapter.toString()))
                .containsPattern("fits the model +no: .*block_count: expected 3 .* found 2 ")
                .containsPattern("fused +0 bytes +not exact: the extra key meets the query before it is rotated")
                .containsPattern("factored .* not exact: the extra key is rotated")
                .containsPattern("separate .* exact, and chosen");
    }

    @Test
    void mistakesAreOneSentence() throws IOException {
        Path noModel = Files.writeString(folder.resolve("text"), "no GGUF");
        Path adapter = TestFiles.adapter(folder.resolve("a.gguf"), 2, writer -> {});
        for (Path[] files : new Path[][] {
            {folder.resolve("absent")},
            {noModel},
            {folder},
            {model, folder.resolve("absent")},
            {model, noModel},
            {model, model},
            {adapter, adapter},
        }) {
            CommandRun run = CommandRun.of(
                    Stream.concat(Stream.of("info"), Stream.of(files).map(Path::toString))
                            .toArray(String[]::new));
            assertThat(run.code()).as("%s", (Object) files).isEqualTo(1);
            assertThat(run.out()).isEmpty();
            assertThat(run.err()).startsWith("excitor: ").hasLineCount(1);
        }
        assertThat(CommandRun.of("info").code()).isEqualTo(2);
        assertThat(CommandRun.of("info", "a", "b", "c").code()).isEqualTo(2);
        assertThat(CommandRun.of("info", model.toString(), "-t", "-1").err())
                .contains("-t")
                .hasLineCount(1);
    }

    @TestFactory
    Stream<DynamicTest> everyGivenModelIsShownWithItsFormats() throws IOException {
        return files("models")
                .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> {
                    String text = info(file);
                    try (Checkpoint checkpoint = CheckpointReader.open(file, CheckpointReader.Memory.MAPPED)) {
                        assertThat(text)
                                .contains(checkpoint.tensors().stream()
                                        .map(Tensor::format)
                                        .map(format -> " " + format.name() + " ")
                                        .distinct()
                                        .toList())
                                .contains("accepted")
                                .doesNotContain("cannot be run", "not used");
                    }
                }));
    }

    @TestFactory
    Stream<DynamicTest> everyGivenAdapterAndVocabularyIsShown() throws IOException {
        return Stream.concat(files("oracles/excitor"), files("tokenizers"))
                .map(file -> DynamicTest.dynamicTest(
                        file.getFileName().toString(),
                        () -> assertThat(info(file)).containsAnyOf("chosen as the cheapest", "a vocabulary only")));
    }

    private static Stream<Path> files(String shared) throws IOException {
        try (Stream<Path> files = Files.list(Shared.path(shared))) {
            return files.filter(file -> file.toString().endsWith(".gguf")).sorted().toList().stream();
        }
    }

    private static String info(Path file, String... options) {
        CommandRun run = CommandRun.of(Stream.concat(Stream.of("info", file.toString()), Stream.of(options))
                .toArray(String[]::new));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).isEmpty();
        return run.out();
    }
}
