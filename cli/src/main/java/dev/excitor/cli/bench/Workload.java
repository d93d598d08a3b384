package dev.excitor.cli.bench;

/// What is measured: tokens of a prompt that go through the model together, then tokens one by one.
///
/// @param prompt    tokens of the prompt
/// @param generated tokens behind it
/// @param depth     tokens that are in the cache before, and are not measured
public record Workload(int prompt, int generated, int depth) {

    /// Its name, as llama-bench has it: `pp512`, `tg128`, `pp512+tg128`, `tg128 @ d4096`.
    public String name() {
        String prompts = prompt == 0 ? "" : "pp" + prompt;
        String plus = prompt == 0 || generated == 0 ? "" : "+";
        String tokens = generated == 0 ? "" : "tg" + generated;
        return prompts + plus + tokens + (depth == 0 ? "" : " @ d" + depth);
    }

    /// Tokens that are measured.
    public int tokens() {
        return prompt + generated;
    }

    /// Tokens in the cache at the end.
    public int end() {
        return depth + prompt + generated;
    }

    /// Whether only single tokens are measured, which is when the weights are read once for each.
    public boolean isDecode() {
        return prompt == 0;
    }

    /// Mean number of positions that a generated token's attention reads, its own included.
    double meanPositions() {
        return depth + prompt + (generated + 1) / 2.0;
    }
}
