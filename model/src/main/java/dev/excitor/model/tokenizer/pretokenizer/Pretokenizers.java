package dev.excitor.model.tokenizer.pretokenizer;

import dev.excitor.runtime.ExcitorException;
import java.util.List;

/// The pre-tokenizers this version knows, by the names `tokenizer.ggml.pre` has for them. How to add one is told in
/// the package's description.
public final class Pretokenizers {
    /// The name that stands for a missing one.
    public static final String DEFAULT = "default";

    private static final Splitter GPT2 = new Gpt2Words();
    private static final Splitter NUMBERS = Isolate.runs(CharClass.kind(CharKind.NUMBER));
    private static final Splitter EACH_NUMBER = Isolate.each(CharClass.kind(CharKind.NUMBER));
    private static final Splitter LINE_BREAKS = Isolate.each(CharClass.oneOf("\r\n"));
    private static final Splitter THREE_DIGITS =
            new Isolate((point, kind) -> point >= '0' && point <= '9', 3, 3, false);
    private static final CharClass PUNCTUATION = CharClass.kind(CharKind.PUNCTUATION);

    private static final List<Pretokenizer> ALL = List.of(
            // A word that is a token becomes it, and BOS is the default.
            new Pretokenizer(
                    names("llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano"),
                    true,
                    true,
                    List.of(new Llama3Words(3))),
            new Pretokenizer(names("tekken"), true, true, List.of(new TekkenWords())),
            // All others follow the merges alone.
            plain("dbrx smaug-bpe glm4 chatglm-bpe", new Llama3Words(3)),
            plain(
                    "qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2",
                    new Llama3Words(1)),
            plain(
                    "gpt-2 phi-2 mpt olmo jais trillion granite-docling exaone4 gigachat a.x-4.0 mellum modern-bert "
                            + "roberta-bpe jina-es jina-de jina-v1-en jina-v2-es jina-v2-de jina-v2-code",
                    GPT2),
            plain("starcoder refact command-r smollm codeshell exaone minerva-7b mellum2", EACH_NUMBER, GPT2),
            plain(DEFAULT, Isolate.runs(PUNCTUATION.or(CharClass.oneOf("$+<=>^~|"))), GPT2, NUMBERS, THREE_DIGITS),
            plain("falcon", Isolate.runs(PUNCTUATION.or(CharClass.oneOf("$+<=>^~|`"))), GPT2, THREE_DIGITS),
            plain(
                    "deepseek-llm",
                    LINE_BREAKS,
                    Isolate.spacedRuns(DeepSeek.LETTERS),
                    Isolate.spacedRuns(DeepSeek.PUNCTUATION),
                    new TrailingSpaces(),
                    Isolate.runs(DeepSeek.CJK),
                    NUMBERS),
            plain(
                    "deepseek-coder",
                    LINE_BREAKS,
                    Isolate.spacedRuns(CharClass.kind(CharKind.LETTER)),
                    Isolate.spacedRuns(PUNCTUATION),
                    Isolate.runs(DeepSeek.CJK),
                    EACH_NUMBER));

    private Pretokenizers() {}

    private static List<String> names(String names) {
        return List.of(names.split(" "));
    }

    private static Pretokenizer plain(String names, Splitter... splitters) {
        return new Pretokenizer(names(names), false, false, List.of(splitters));
    }

    /// @throws ExcitorException.Unsupported when nobody has that name
    public static Pretokenizer of(String name) {
        return ALL.stream()
                .filter(pretokenizer -> pretokenizer.names().contains(name))
                .findFirst()
                .orElseThrow(() -> new ExcitorException.Unsupported(
                        "The pre-tokenizer \"" + name + "\" of tokenizer.ggml.pre", names()));
    }

    /// All names, for messages and tests.
    public static List<String> names() {
        return ALL.stream()
                .flatMap(pretokenizer -> pretokenizer.names().stream())
                .toList();
    }
}
