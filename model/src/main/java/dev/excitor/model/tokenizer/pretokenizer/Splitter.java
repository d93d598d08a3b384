package dev.excitor.model.tokenizer.pretokenizer;

/// One regular expression of a pre-tokenizer, as a scanner: each match is a piece, and so is the text between two.
@FunctionalInterface
interface Splitter {
    /// Cuts the characters `from` to `to`, as if nothing stood before and after them, and adds the end of every
    /// piece, `to` included. Linear in the number of characters.
    void split(CodePoints text, int from, int to, Cuts cuts);
}
