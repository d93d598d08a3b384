package dev.excitor.model;

/// Why a generation ended.
public enum StopReason {
    /// The model said it was done.
    END_OF_GENERATION,
    /// As many tokens as were asked for.
    MAX_TOKENS,
    /// A stop string appeared.
    STOP_STRING,
    /// There is no room for another token.
    CONTEXT_FULL,
    /// Somebody called [Generation#cancel].
    CANCELLED
}
