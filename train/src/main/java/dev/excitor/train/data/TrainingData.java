package dev.excitor.train.data;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.train.Example;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/// Examples to train on and examples to measure with.
///
/// @param examples   to train on
/// @param validation to measure with
/// @param bad        the first few reasons why records were left out, each with its line
/// @param badCount   records left out
/// @param cut        examples that were longer than the length
public record TrainingData(List<Example> examples, List<Example> validation, List<String> bad, int badCount, int cut) {

    private static final int SHOWN = 5;

    /// Reads a file of instructions or conversations, JSON or JSONL; what a record may be is in `docs/training.md`.
    ///
    /// @throws ExcitorException.MalformedFile naming line and reason, when a record cannot be used and none may be
    /// skipped, or no record can be used at all
    public static TrainingData read(Path path, DataOptions options) {
        Collector collector = new Collector(path, options);
        DataFile.read(path, collector);
        return collector.finish();
    }

    private static final class Collector implements DataFile.Sink {

        private final Path path;
        private final DataOptions options;
        private final PromptFormat format;
        private final List<Example> all = new ArrayList<>();
        private final List<String> bad = new ArrayList<>();
        private int badCount;
        private int cut;

        Collector(Path path, DataOptions options) {
            this.path = path;
            this.options = options;
            this.format = new PromptFormat(options.tokenizer(), options.template());
        }

        @Override
        public void record(int line, DataRecord data) {
            Example whole;
            try {
                whole = format.encode(data, Integer.MAX_VALUE);
            } catch (ExcitorException.InvalidOption noPlace) {
                bad(line, String.valueOf(noPlace.getMessage()).replaceFirst("\\.$", ""));
                return;
            }
            boolean tooLong = whole.tokens().length > options.length();
            Example example = tooLong ? format.encode(data, options.length()) : whole;
            if (example.scored() == 0) {
                bad(
                        line,
                        "the prompt alone has %d tokens or more, and examples are cut at %d (--length)"
                                .formatted(example.tokens().length, options.length()));
                return;
            }
            if (tooLong) {
                cut++;
            }
            all.add(example);
        }

        @Override
        public void bad(int line, String reason) {
            if (!options.skipBad()) {
                throw new ExcitorException.MalformedFile(
                        path,
                        -1,
                        "line %d: %s. Mend it, or leave such records out with --skip-bad.".formatted(line, reason));
            }
            badCount++;
            if (bad.size() < SHOWN) {
                bad.add("line %d: %s".formatted(line, reason));
            }
        }

        TrainingData finish() {
            if (all.isEmpty()) {
                throw new ExcitorException.MalformedFile(
                        path,
                        -1,
                        badCount == 0
                                ? "there are no records in it"
                                : "none of its records can be used; " + bad.getFirst());
            }
            int measured = (int) Math.round(options.validation() * all.size());
            if (options.validation() > 0) {
                measured = Math.clamp(measured, 1, Math.max(1, all.size() - 1));
            }
            if (measured >= all.size()) {
                throw new ExcitorException.MalformedFile(
                        path, -1, "one record is too few to train on and to measure with");
            }
            List<Integer> order = new ArrayList<>();
            for (int i = 0; i < all.size(); i++) {
                order.add(i);
            }
            Collections.shuffle(order, new Random(options.seed()));
            List<Integer> chosen = order.subList(0, measured).stream().sorted().toList();
            List<Example> validation = chosen.stream().map(all::get).toList();
            List<Example> examples = new ArrayList<>();
            for (int i = 0; i < all.size(); i++) {
                if (Collections.binarySearch(chosen, i) < 0) {
                    examples.add(all.get(i));
                }
            }
            return new TrainingData(List.copyOf(examples), validation, List.copyOf(bad), badCount, cut);
        }
    }
}
