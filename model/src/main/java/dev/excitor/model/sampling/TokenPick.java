package dev.excitor.model.sampling;

/// The end of a [Sampler]'s chain: chooses one of the candidates that are left.
public interface TokenPick {

    /// @return the id of the chosen token
    /// @throws dev.excitor.runtime.ExcitorException.NotFinite if every candidate is masked (-infinity)
    int pick(Candidates candidates);

    /// Returns to the state in which the pick was made.
    default void reset() {}
}
