package dev.excitor.model.tokenizer.pretokenizer;

import java.util.List;

/// A way to cut text into words: splitters, each cutting the pieces of the one before.
///
/// @param names        the values of `tokenizer.ggml.pre` that mean it, the best known first
/// @param ignoreMerges whether a word that is a token becomes it, whatever the merges say
/// @param addBos       whether BOS opens a text where the file does not say
/// @param splitters    in order
public record Pretokenizer(List<String> names, boolean ignoreMerges, boolean addBos, List<Splitter> splitters) {
    public Pretokenizer {
        names = List.copyOf(names);
        splitters = List.copyOf(splitters);
    }

    /// The pieces of a text.
    public Cuts split(CodePoints text) {
        Cuts cuts = new Cuts();
        cuts.add(text.size());
        for (Splitter splitter : splitters) {
            Cuts finer = new Cuts();
            int from = 0;
            for (int i = 0; i < cuts.size(); i++) {
                splitter.split(text, from, cuts.end(i), finer);
                from = cuts.end(i);
            }
            cuts = finer;
        }
        return cuts;
    }
}
