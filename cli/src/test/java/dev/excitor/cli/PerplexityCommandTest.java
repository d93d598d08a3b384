package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.excitor.model.Model;
import dev.excitor.model.Session;
import dev.excitor.model.tokenizer.EncodeOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PerplexityCommandTest {

    private static final int SIZE = 32;

    @TempDir
    Path folder;

    private Path model = Path.of("");
    private Path text = Path.of("");

    @BeforeEach
    void makeAModelAndAText() throws IOException {
        model = TestFiles.model(folder.resolve("m.gguf"), "F32");
        text = text("text", 1);
    }

    /// A few syllables in any order, with the line end of an editor.
    private Path text(String name, long seed) throws IOException {
        StringBuilder words = new StringBuilder();
        new Random(seed).ints(110, 0, 5).forEach(i -> words.append("ba be bi bo bu ", 3 * i, 3 * i + 3));
        return Files.writeString(folder.resolve(name), words + "\n");
    }

    @Test
    void isTheExponentialOfTheMeanSurpriseInTheSecondHalves() throws IOException {
        CommandRun run = perplexity(model);
        assertThat(run.code()).as(run.err()).isZero();
        double[] surprises = direct(model);
        double mean = Arrays.stream(surprises).average().orElseThrow();
        double variance = Arrays.stream(surprises)
                .map(x -> (x - mean) * (x - mean))
                .average()
                .orElseThrow();
        double expected = Math.exp(mean);
        assertThat(run.out()).matches("Final estimate: PPL = [0-9.]+ \\+/- [0-9.]+\n");
        assertThat(number(run, "= ")).isCloseTo(expected, within(5e-5 + 1e-6 * expected));
        double error = expected * Math.sqrt(variance / (surprises.length - 1));
        assertThat(number(run, "+/- ")).isCloseTo(error, within(5e-6 + 1e-6 * error));
        assertThat(run.err())
                .contains("3 chunks of 32 tokens, 15 of each scored")
                .containsPattern("\\[1\\][0-9.]+,\\[2\\][0-9.]+,\\[3\\][0-9.]+,\n");
        assertThat(number(perplexity(model, "-b", "5"), "= "))
                .as("in small batches")
                .isCloseTo(expected, within(5e-5 + 1e-6 * expected));
    }

    /// The number behind some words of the result.
    private static double number(CommandRun run, String words) {
        return Double.parseDouble(run.out().replaceAll("(?s).*" + Pattern.quote(words) + "([0-9.]+).*", "$1"));
    }

    /// Negative log-probabilities by definition, from the logits of whole chunks.
    private double[] direct(Path file) throws IOException {
        double[] surprises = new double[3 * 15];
        int count = 0;
        try (Model opened = Model.open(file)) {
            int[] tokens = opened.tokenizer().encode(Files.readString(text).stripTrailing(), EncodeOptions.PROMPT);
            for (int chunk = 0; chunk < 3; chunk++) {
                int[] piece = Arrays.copyOfRange(tokens, chunk * SIZE, (chunk + 1) * SIZE);
                piece[0] = opened.tokenizer().vocabulary().bos();
                try (Session session = opened.newSession()) {
                    float[][] logits = session.forward(piece);
                    for (int i = SIZE / 2; i < SIZE - 1; i++) {
                        double sum = 0;
                        for (float logit : logits[i]) {
                            sum += Math.exp(logit);
                        }
                        surprises[count++] = Math.log(sum) - logits[i][piece[i + 1]];
                    }
                }
            }
        }
        assertThat(count).isEqualTo(surprises.length);
        return surprises;
    }

    @Test
    void measuresAsManyChunksAsAskedFor() {
        assertThat(perplexity(model, "--chunks", "2").err())
                .contains("2 chunks")
                .doesNotContain("[3]");
        assertThat(perplexity(model, "--chunks", "99").err()).contains("[3]").doesNotContain("[4]");
        CommandRun whole = CommandRun.of("perplexity", "-m", model.toString(), "-f", text.toString(), "-c", "0");
        assertThat(whole.err()).as("as many as the model was made for").contains("1 chunk of 96 tokens, 47 of");
    }

    @Test
    void chunksAreOf512TokensUnlessToldOtherwise() {
        assertThat(CommandRun.of("perplexity", "--help").out()).contains("(default: 512)");
        CommandRun run = CommandRun.of("perplexity", "-m", model.toString(), "-f", text.toString());
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("longer than the 96", "at least one chunk of 512 tokens");
    }

    @Test
    void aModelIsNotFarFromItself() {
        Path base = base();
        CommandRun run = perplexity(model, "--kl-against", base.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(value(run, "Mean    KLD")).isZero();
        assertThat(value(run, "Maximum KLD")).isZero();
        assertThat(value(run, "Same top p")).isEqualTo(100);
        assertThat(value(run, "RMS Δp    ")).isZero();
        assertThat(value(run, "Mean PPL(Q)                   "))
                .isEqualTo(value(run, "Mean PPL(base)                "));
        assertThat(value(run, "Mean PPL(Q)/PPL(base)         ")).isEqualTo(1);
        assertThat(run.err()).contains("KL Divergence").hasLineCount(5);
    }

    @Test
    void anotherQuantizationIsSomeWayOff() throws IOException {
        Path base = base();
        Path quantized = TestFiles.model(folder.resolve("q.gguf"), "Q4_0");
        CommandRun run = perplexity(quantized, "--kl-against", base.toString());
        assertThat(run.code()).as(run.err()).isZero();
        double[] surprises = direct(quantized);
        double[] before = direct(model);
        double ratio = Arrays.stream(surprises).average().orElseThrow()
                - Arrays.stream(before).average().orElseThrow();
        assertThat(value(run, "Mean ln(PPL(Q)/PPL(base))     ")).isCloseTo(ratio, within(2e-6));
        assertThat(value(run, "Mean PPL(Q)                   "))
                .isCloseTo(Math.exp(Arrays.stream(surprises).average().orElseThrow()), within(2e-3));
        assertThat(value(run, "Mean    KLD")).isPositive();
        assertThat(value(run, "Minimum KLD")).isPositive().isLessThan(value(run, "Median  KLD"));
        assertThat(value(run, "Median  KLD")).isLessThan(value(run, "99.9%   KLD"));
        assertThat(value(run, "99.9%   KLD")).isLessThanOrEqualTo(value(run, "Maximum KLD"));
    }

    @Test
    void anAdapterIsComparedWithItsBase() throws IOException {
        Path base = base();
        Path adapter = TestFiles.adapter(folder.resolve("a.gguf"), TestFiles.LAYERS, writer -> {});
        CommandRun adapted = perplexity(model, "--kl-against", base.toString(), "--adapter", adapter.toString());
        assertThat(adapted.code()).as(adapted.err()).isZero();
        assertThat(value(adapted, "Mean    KLD")).isPositive();
        CommandRun off = perplexity(model, "--kl-against", base.toString(), "--adapter", adapter + ":0");
        assertThat(value(off, "Mean    KLD")).isZero();
    }

    @Test
    void aBaselineOfFewerChunksIsComparedAsFarAsItGoes() {
        Path base = base("--chunks", "1");
        CommandRun run = perplexity(model, "--kl-against", base.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("the text has 3 chunks, the baseline 1 chunk");
        assertThat(value(run, "Same top p")).isEqualTo(100);
        CommandRun first = perplexity(model, "--kl-against", base().toString(), "--chunks", "1");
        assertThat(first.out()).isEqualTo(run.out());
    }

    @Test
    void aBaselineIsNeverReplacedUnasked() throws IOException {
        Path file = Files.writeString(folder.resolve("precious"), "data");
        CommandRun run = perplexity(model, "--kl-base", file.toString());
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("--kl-base", "--force").hasLineCount(1);
        assertThat(file).content().isEqualTo("data");
        assertThat(perplexity(model, "--kl-base", file.toString(), "--force").code())
                .isZero();
        assertThat(file).binaryContent().startsWith("XCITBASE".getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void mistakesAreOneSentence() throws IOException {
        Path base = base();
        byte[] whole = Files.readAllBytes(base);
        Path cut = Files.write(folder.resolve("cut.base"), Arrays.copyOf(whole, whole.length - 1));
        String absent = folder.resolve("absent").toString();
        fails("cut.base", "--kl-against", cut.toString());
        fails("XCITBASE", "--kl-against", text.toString());
        fails("there is no such file", "--kl-against", absent);
        fails("found a folder", "--kl-against", folder.toString());
        fails("-c 32", "--kl-against", base.toString(), "-c", "16");
        fails(
                "of chunk 1",
                "--kl-against",
                base.toString(),
                "-f",
                text("other", 2).toString());
        fails("no such folder", "--kl-base", folder.resolve("no/such/file").toString());
        fails("there is no such file", "-f", absent);
        fails("there is no such file", "-m", absent);
        fails("there is no such file", "--adapter", absent);
        fails("3 tokens or more", "-c", "2");
        fails("1 or more", "--chunks", "0");
        Path small = folder.resolve("small.gguf");
        CommandRun.of("synth --layers 1 --width 32 --heads 1 --ffn 32 --vocab-size 390 --pure -o %s"
                .formatted(small)
                .split(" ", -1));
        fails("400 tokens, found 390", "-m", small.toString(), "--kl-against", base.toString());
    }

    @Test
    void weightsThatAreNoNumbersAreAnErrorAndNoResult() throws IOException {
        Path damaged = TestFiles.variant(
                model,
                folder.resolve("damaged.gguf"),
                writer -> TestFiles.constant(writer, "output_norm.weight", TestFiles.WIDTH, Float.NaN),
                "output_norm.weight");
        Path file = folder.resolve("damaged.base");
        CommandRun run = perplexity(damaged, "--kl-base", file.toString());
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("expected finite numbers, found NaN");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).noneMatch(path -> path.toString().contains("damaged.base"));
        }
    }

    @Test
    void savingAndComparingAtOnceIsWrongUsage() {
        assertThat(perplexity(model, "--kl-base", "a", "--kl-against", "b").code())
                .isEqualTo(2);
    }

    @Test
    void aRealModelKnowsAStoryAndItsQuantizationIsClose() throws IOException {
        Path f32 = Shared.path("models/stories260K-f32.gguf");
        Path f16 = Shared.path("models/stories260K-f16.gguf");
        text = Files.writeString(
                folder.resolve("story"),
                "Once upon a time, there was a little girl named Lily. She loved to play outside in the park."
                        + " One day, she saw a big, red ball. She wanted to play with it, but it was too high."
                        + " Her mom said, \"Lily, let's go to the park.\" Lily was sad and didn't know what to do.");
        CommandRun run = perplexity(f32);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(number(run, "= ")).as("of 512 tokens").isBetween(1.5, 12.0);
        Path base = folder.resolve("story.base");
        assertThat(perplexity(f32, "--kl-base", base.toString()).code()).isZero();
        assertThat(value(perplexity(f16, "--kl-against", base.toString()), "Mean    KLD"))
                .isLessThan(1e-4);
    }

    private Path base(String... options) {
        Path file = folder.resolve("m%d.base".formatted(options.length));
        String[] all = Stream.concat(Stream.of("--kl-base", file.toString()), Stream.of(options))
                .toArray(String[]::new);
        CommandRun run = perplexity(model, all);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).startsWith("Final estimate");
        return file;
    }

    private void fails(String words, String... options) {
        CommandRun run = perplexity(model, options);
        assertThat(run.code()).as(String.join(" ", options)).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("excitor: ").contains(words).hasLineCount(1);
    }

    private static double value(CommandRun run, String name) {
        Matcher line = Pattern.compile("(?m)^" + Pattern.quote(name) + ": +(-?[0-9.]+)")
                .matcher(run.out());
        assertThat(line.find()).as(name + " in " + run.out() + run.err()).isTrue();
        return Double.parseDouble(line.group(1));
    }

    /// Of the text, unless the options name another.
    private CommandRun perplexity(Path file, String... options) {
        Stream<String> input = List.of(options).contains("-f") ? Stream.of() : Stream.of("-f", text.toString());
        return CommandRun.of(
                Stream.of(Stream.of("perplexity", "-m", file.toString(), "-c", "" + SIZE), input, Stream.of(options))
                        .flatMap(part -> part)
                        .toArray(String[]::new));
    }
}
