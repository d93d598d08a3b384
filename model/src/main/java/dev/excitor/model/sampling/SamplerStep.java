package dev.excitor.model.sampling;

/// One step of a [Sampler]'s chain: it changes logits, or drops candidates, or both.
///
/// A step belongs to one chain and allocates nothing in [#apply], which runs once per generated token.
public interface SamplerStep {

    /// Narrows or reweighs the candidates. At least one must remain.
    void apply(Candidates candidates);

    /// Tells the step that a token has entered the text, from the prompt or from the model.
    default void accept(int token) {}

    /// Forgets every accepted token.
    default void reset() {}
}
