package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.model.Model;
import dev.excitor.model.Session;
import dev.excitor.model.SessionOptions;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.tokenizer.EncodeOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class LogitsCommandTest {

    @TempDir
    Path folder;

    private Path model = Path.of("");
    private Path output = Path.of("");

    @BeforeEach
    void makeAModel() {
        model = TestFiles.model(folder.resolve("m.gguf"), "F32");
        output = folder.resolve("out.npy");
    }

    @Test
    void writesOneRowForEachToken() throws IOException {
        CommandRun run = logits("-p", "ba be");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("writing " + output).hasLineCount(1);
        Npy written = Npy.read(output);
        assertThat(written.header())
                .startsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (")
                .endsWith("\n");
        byte[] file = Files.readAllBytes(output);
        assertThat(file).startsWith(0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0);
        assertThat((10 + written.header().length()) % 64)
                .as("where the data starts")
                .isZero();
        assertThat(written.rows()).isDeepEqualTo(direct("ba be", new EncodeOptions(true, true), defaults()));
    }

    @Test
    void theFlagsOfTokenizeMeanTheSame() throws IOException {
        logits("-p", "x</s>", "--no-bos");
        assertThat(Npy.read(output).rows()).isDeepEqualTo(direct("x</s>", new EncodeOptions(false, true), defaults()));
        logits("-p", "x</s>", "--no-parse-special", "--force");
        assertThat(Npy.read(output).rows()).isDeepEqualTo(direct("x</s>", new EncodeOptions(true, false), defaults()));
    }

    @Test
    void aTextOrAFileOrItsTokensGiveTheSame() throws IOException {
        logits("-p", "ba");
        byte[] expected = Files.readAllBytes(output);
        Path text = Files.writeString(folder.resolve("text"), "ba");
        assertThat(logits("-f", text.toString(), "--force").code()).isZero();
        assertThat(output).hasBinaryContent(expected);
        assertThat(logits("--tokens", "1,359", "--force").code()).isZero();
        assertThat(output).hasBinaryContent(expected);
    }

    @Test
    void anAdapterChangesThemAndScaleZeroDoesNot() throws IOException {
        Path adapter = TestFiles.adapter(folder.resolve("a.gguf"), TestFiles.LAYERS, writer -> {});
        logits("-p", "ba be", "--adapter", adapter.toString());
        float[][] adapted = Npy.read(output).rows();
        EncodeOptions encoding = new EncodeOptions(true, true);
        assertThat(adapted).isDeepEqualTo(direct("ba be", encoding, defaults().adapter(Adapter.open(adapter))));
        float[][] base = direct("ba be", encoding, defaults());
        assertThat(Arrays.deepEquals(adapted, base)).isFalse();
        logits("-p", "ba be", "--adapter", adapter + ":0", "--force");
        assertThat(Npy.read(output).rows()).isDeepEqualTo(base);
    }

    private static SessionOptions defaults() {
        return SessionOptions.defaults();
    }

    private float[][] direct(String text, EncodeOptions encoding, SessionOptions options) {
        try (Model opened = Model.open(model);
                Session session = opened.newSession(options)) {
            return session.forward(opened.tokenizer().encode(text, encoding));
        }
    }

    @Test
    void neverReplacesAFileUnasked() throws IOException {
        Files.writeString(output, "data");
        assertThat(logits("-p", "x").err()).contains("--force").hasLineCount(1);
        assertThat(output).content().isEqualTo("data");
    }

    @Test
    void mistakesAreOneSentenceAndLeaveNoFile() throws IOException {
        Path infinite = TestFiles.variant(
                model,
                folder.resolve("infinite.gguf"),
                writer -> TestFiles.constant(writer, "output_norm.weight", TestFiles.WIDTH, Float.NaN),
                "output_norm.weight");
        Path misfit = TestFiles.adapter(folder.resolve("a.gguf"), TestFiles.LAYERS + 1, writer -> {});
        String absent = folder.resolve("absent").toString();
        for (String[] line : new String[][] {
            {"-m", absent, "-p", "x"},
            {"-m", infinite.toString(), "-p", "x"},
            {"-m", model.toString(), "-p", "x", "--adapter", absent},
            {"-m", model.toString(), "-p", "x", "--adapter", misfit.toString()},
            {"-m", model.toString(), "-f", absent},
            {"-m", model.toString(), "-p", "", "--no-bos"},
            {"-m", model.toString(), "--tokens", "1,400"},
            {"-m", model.toString(), "--tokens", "-1"},
            {"-m", model.toString(), "-p", "x".repeat(TestFiles.CONTEXT)},
            {"-m", model.toString(), "-p", "x", "-c", "-1"},
        }) {
            CommandRun run = CommandRun.of(Stream.of(Stream.of("logits", "-o", output.toString()), Stream.of(line))
                    .flatMap(part -> part)
                    .toArray(String[]::new));
            assertThat(run.code()).as(String.join(" ", line)).isEqualTo(1);
            assertThat(run.out()).isEmpty();
            assertThat(run.err()).startsWith("excitor: ").hasLineCount(1);
            assertThat(output).doesNotExist();
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).noneMatch(path -> path.toString().endsWith(".part"));
        }
    }

    @Test
    void anOutputThatCannotBeIsToldBeforeTheWork() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        for (Path wrong :
                new Path[] {folder, folder.resolve("no/such/x.npy"), file.resolve("x.npy"), Path.of("/dev/null")}) {
            CommandRun run = CommandRun.of("logits", "-m", "/no/model", "-p", "x", "--force", "-o", wrong.toString());
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.err())
                    .contains("-o must be a file", wrong.toString())
                    .doesNotContain(".part")
                    .hasLineCount(1);
        }
    }

    @Test
    void twoTextsAreWrongUsage() {
        assertThat(logits("--tokens", "1", "-p", "x").code()).isEqualTo(2);
        assertThat(logits("-f", "y", "-p", "x").code()).isEqualTo(2);
        assertThat(logits("--tokens", "one").code()).isEqualTo(2);
        assertThat(CommandRun.of("logits", "-m", model.toString(), "-p", "x").code())
                .isEqualTo(2);
    }

    @Test
    void agreesWithTheRecordedLogitsOfARealModel() throws IOException {
        Path oracle = Shared.path("oracles/stories260K-f32.f32ref.logits.npy");
        Path facts = Shared.path("oracles/stories260K-f32.f32ref.json");
        CommandRun run = CommandRun.of(
                "logits",
                "-m",
                Shared.path("models/stories260K-f32.gguf").toString(),
                "--tokens",
                tokens(facts),
                "-o",
                output.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(Npy.read(oracle).distance(Npy.read(output))).isLessThan(1e-3);
    }

    @TestFactory
    Stream<DynamicTest> agreesWithTheRecordedLogitsOfEveryAdapter() throws IOException {
        try (Stream<Path> files = Files.list(Shared.path("oracles/excitor"))) {
            return files.filter(file -> file.toString().endsWith(".gguf")).sorted().toList().stream()
                    .map(adapter ->
                            DynamicTest.dynamicTest(adapter.getFileName().toString(), () -> agreesWithOracle(adapter)));
        }
    }

    private void agreesWithOracle(Path adapter) throws IOException {
        String name = adapter.getFileName().toString().replace(".gguf", "");
        Path facts = adapter.resolveSibling(name + ".json");
        Path written = folder.resolve(name + ".npy");
        CommandRun run = CommandRun.of(
                "logits",
                "-m",
                Shared.path("models")
                        .resolve(fact(facts, "\"model\": \"(.*?)\""))
                        .toString(),
                "--adapter",
                adapter + ":" + fact(facts, "\"adapter_scale\": ([0-9.]+)"),
                "--tokens",
                tokens(facts),
                "-o",
                written.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(Npy.read(adapter.resolveSibling(name + ".logits.npy")).distance(Npy.read(written)))
                .isLessThan(1e-4);
    }

    private static String tokens(Path facts) throws IOException {
        return fact(facts, "(?s)\"prompt_tokens\":\\s*\\[(.*?)\\]").replaceAll("\\s", "");
    }

    private static String fact(Path json, String pattern) throws IOException {
        Matcher matcher = Pattern.compile(pattern).matcher(Files.readString(json));
        assertThat(matcher.find()).isTrue();
        return matcher.group(1);
    }

    private CommandRun logits(String... options) {
        return CommandRun.of(
                Stream.of(Stream.of("logits", "-m", model.toString(), "-o", output.toString()), Stream.of(options))
                        .flatMap(part -> part)
                        .toArray(String[]::new));
    }
}
