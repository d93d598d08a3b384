package dev.excitor.model;

import dev.excitor.model.sampling.Sampler;
import dev.excitor.model.sampling.StopMatcher;
import dev.excitor.model.tokenizer.StreamDecoder;
import dev.excitor.model.tokenizer.Vocabulary;
import dev.excitor.runtime.ExcitorException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A text being generated, piece by piece: tokens are computed when the next piece is asked for.
///
/// Pieces are whole characters, never empty, and never part of a stop string. Whatever ends the generation, the session
/// can go on from there: its cache then holds the prompt and every generated token but the last, see [#lastToken].
public final class Generation {

    /// What a generation has done so far.
    ///
    /// @param promptTokens    tokens of the prompt
    /// @param promptNanos     time they took
    /// @param generatedTokens tokens generated
    /// @param generationNanos time they took, sampling included
    public record Stats(int promptTokens, long promptNanos, int generatedTokens, long generationNanos) {}

    private static final int NONE = -1;

    private final Session session;
    private final int[] prompt;
    private final GenerationOptions options;
    private final Vocabulary vocabulary;
    private final Sampler sampler;
    private final StopMatcher stops;
    private final StreamDecoder decoder;
    private final int[] last = {NONE};

    private boolean started;
    private int generated;
    private long promptNanos;
    private long generationNanos;
    private @Nullable StopReason reason;
    private volatile boolean cancelled;

    Generation(Session session, int[] prompt, GenerationOptions options) {
        this.session = session;
        this.prompt = prompt.clone();
        this.options = options;
        this.vocabulary = session.model().tokenizer().vocabulary();
        this.sampler = Sampler.of(options.sampler(), vocabulary.size());
        this.stops = new StopMatcher(options.stops());
        this.decoder = session.model().tokenizer().decoder();
    }

    /// The next piece of text, or null at the end.
    ///
    /// @throws ExcitorException.NotFinite when the model's output is not numbers
    /// @throws ExcitorException.ContextFull when the prompt does not fit
    public @Nullable String next() {
        if (!started) {
            begin();
        }
        while (reason == null) {
            String piece = advance();
            if (reason != null) {
                piece += stops.feed(decoder.flush()) + stops.flush();
            }
            if (!piece.isEmpty()) {
                return piece;
            }
        }
        return null;
    }

    /// Processes the prompt.
    private void begin() {
        long start = System.nanoTime();
        if (prompt.length > 0 && !session.append(prompt, () -> cancelled)) {
            reason = StopReason.CANCELLED;
            return;
        }
        for (int token : prompt) {
            sampler.accept(token);
        }
        if (session.currentLogits().isEmpty()) {
            throw new ExcitorException.InvalidOption("the prompt", "at least one token", "empty");
        }
        started = true;
        promptNanos = System.nanoTime() - start;
    }

    /// One token: puts the one before into the cache, chooses the next, and returns the text that it completes.
    private String advance() {
        long start = System.nanoTime();
        try {
            if (cancelled) {
                reason = StopReason.CANCELLED;
                return "";
            }
            if (options.maxTokens() >= 0 && generated >= options.maxTokens()) {
                reason = StopReason.MAX_TOKENS;
                return "";
            }
            if (last[0] != NONE) {
                if (session.position() == session.context()) {
                    reason = StopReason.CONTEXT_FULL;
                    return "";
                }
                session.step(last);
                last[0] = NONE;
            }
            Optional<MemorySegment> logits = session.currentLogits();
            if (logits.isEmpty()) {
                throw new IllegalStateException("the session was truncated or used for another text meanwhile");
            }
            return choose(logits.get());
        } finally {
            generationNanos += System.nanoTime() - start;
        }
    }

    private String choose(MemorySegment logits) {
        int token = sampler.sample(logits, 0);
        if (vocabulary.endsGeneration(token) && !options.ignoreEnd()) {
            reason = StopReason.END_OF_GENERATION;
            return "";
        }
        sampler.accept(token);
        last[0] = token;
        generated++;
        String piece = stops.feed(decoder.accept(token));
        if (stops.stopped()) {
            reason = StopReason.STOP_STRING;
        }
        return piece;
    }

    /// Passes every piece to a consumer as it comes.
    public void forEach(Consumer<String> consumer) {
        for (String piece = next(); piece != null; piece = next()) {
            consumer.accept(piece);
        }
    }

    /// The rest of the text, once it is complete.
    public String text() {
        StringBuilder text = new StringBuilder();
        forEach(text::append);
        return text.toString();
    }

    /// Ends the generation before its next token, or before the next batch of its prompt: then no token of the
    /// prompt is in the session. From any thread.
    public void cancel() {
        cancelled = true;
    }

    /// Why it ended; empty while it has not.
    public Optional<StopReason> stopReason() {
        return Optional.ofNullable(reason);
    }

    /// The last token generated, which is not in the session's cache: whoever goes on with the session puts it first.
    public OptionalInt lastToken() {
        return last[0] == NONE ? OptionalInt.empty() : OptionalInt.of(last[0]);
    }

    /// The seed in use, drawn or given; empty where nothing is random.
    public OptionalLong seed() {
        return sampler.seed();
    }

    public Stats stats() {
        return new Stats(prompt.length, promptNanos, generated, generationNanos);
    }
}
