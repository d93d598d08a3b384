package dev.excitor.model.sampling;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Chooses the next token: a chain of steps over the candidates, and a pick at its end.
///
/// A sampler belongs to one session and one thread at a time: it remembers the tokens that were accepted and how far
/// its random numbers have run. [#sample] allocates nothing.
public final class Sampler {

    private final SamplerStep[] steps;
    private final TokenPick pick;
    private final Candidates candidates;

    /// A chain of one's own.
    ///
    /// @param vocabulary the number of tokens
    /// @param steps      in the order in which they work; may be empty
    public Sampler(int vocabulary, List<SamplerStep> steps, TokenPick pick) {
        this.candidates = new Candidates(vocabulary);
        this.steps = steps.toArray(SamplerStep[]::new);
        this.pick = pick;
    }

    /// llama.cpp's default chain: logit bias, penalties, top-k, typical, top-p, min-p, temperature, pick; without the
    /// steps that the settings turn off.
    ///
    /// @param vocabulary the number of tokens
    /// @throws dev.excitor.runtime.ExcitorException.InvalidOption if a logit bias is for a token outside the vocabulary
    public static Sampler of(SamplerSettings settings, int vocabulary) {
        List<SamplerStep> steps = new ArrayList<>();
        if (!settings.logitBias().isEmpty()) {
            steps.add(new LogitBias(settings.logitBias(), vocabulary));
        }
        if (settings.penalizes()) {
            steps.add(new Penalties(
                    settings.repeatPenalty(),
                    settings.repeatLastN(),
                    settings.presencePenalty(),
                    settings.frequencyPenalty(),
                    vocabulary));
        }
        boolean greedy = settings.temperature() == 0;
        boolean typical = settings.typical() < 1;
        // Of the dropping steps only typical can drop the most probable token; greedy needs the others for nothing.
        if (settings.topK() > 0 && (!greedy || typical)) {
            steps.add(new TopK(settings.topK()));
        }
        if (typical) {
            steps.add(new Typical(settings.typical()));
        }
        if (greedy) {
            return new Sampler(vocabulary, steps, new Greedy());
        }
        if (settings.topP() < 1) {
            steps.add(new TopP(settings.topP()));
        }
        if (settings.minP() > 0) {
            steps.add(new MinP(settings.minP()));
        }
        if (settings.temperature() != 1) {
            steps.add(new Temperature(settings.temperature()));
        }
        long seed = settings.seed() == SamplerSettings.RANDOM_SEED
                ? ThreadLocalRandom.current().nextLong()
                : settings.seed();
        return new Sampler(vocabulary, steps, new SeededPick(seed));
    }

    /// Chooses a token; the caller decides whether it enters the text and then says so by [#accept].
    ///
    /// @param logits a native segment with a row of logits, `float[vocabulary]`
    /// @param at     the byte where the row starts
    /// @return the token's id
    /// @throws dev.excitor.runtime.ExcitorException.NotFinite if a logit is NaN or +infinity, or every token is masked
    public int sample(MemorySegment logits, long at) {
        candidates.load(logits, at);
        for (SamplerStep step : steps) {
            step.apply(candidates);
        }
        return pick.pick(candidates);
    }

    /// Tells the chain that a token has entered the text. As in llama.cpp the prompt's tokens count for the penalties
    /// too.
    ///
    /// @throws IndexOutOfBoundsException if the token is not in the vocabulary and a step keeps count
    public void accept(int token) {
        for (SamplerStep step : steps) {
            step.accept(token);
        }
    }

    /// Forgets the accepted tokens and starts the random numbers again from the same seed.
    public void reset() {
        for (SamplerStep step : steps) {
            step.reset();
        }
        pick.reset();
    }

    /// The seed in use, drawn or given; none where nothing is random.
    public OptionalLong seed() {
        return pick instanceof SeededPick seeded ? OptionalLong.of(seeded.seed()) : OptionalLong.empty();
    }

    /// The chain in its order, as `TopK[k=40] -> TopP[p=0.95] -> SeededPick[seed=42]`.
    @Override
    public String toString() {
        return Stream.concat(Stream.of(steps), Stream.of(pick))
                .map(Object::toString)
                .collect(Collectors.joining(" -> "));
    }
}
