package dev.excitor.model.sampling;

import java.util.Arrays;
import java.util.Objects;

/// `--repeat-penalty`, `--presence-penalty`, `--frequency-penalty`: makes tokens less probable that are among the last
/// `--repeat-last-n` of the text, prompt included.
///
/// ```text
///  logit = logit > 0 ? logit / repeat : logit * repeat          Keskar et al., "CTRL", 2019, and for negative logits
///  logit = logit - count * frequency - presence                 count: how often the token is in the window
/// ```
///
/// The signs are llama.cpp's: a repeat penalty above 1 and the others above 0 discourage, below they encourage.
public final class Penalties implements SamplerStep {

    /// The widest window that can be asked for, other than the whole context; bounds what is allocated.
    static final int MAX_LAST_N = 1 << 20;

    private final float repeat;
    private final float presence;
    private final float frequency;
    private final boolean everything;

    /// The window as a ring: its oldest token is at `next` once it is full. Empty when the window is the whole context.
    private final int[] ring;

    private final int[] counts;
    private int next;
    private int filled;

    /// @param repeat     above 0; 1 is off
    /// @param lastN      how many tokens the window has; 0 is off, -1 the whole context
    /// @param presence   finite; 0 is off
    /// @param frequency  finite; 0 is off
    /// @param vocabulary the number of tokens
    public Penalties(float repeat, int lastN, float presence, float frequency, int vocabulary) {
        this.repeat = checkRepeat(repeat);
        this.presence = checkPresence(presence);
        this.frequency = checkFrequency(frequency);
        this.everything = checkLastN(lastN) == -1;
        this.ring = new int[Math.max(lastN, 0)];
        this.counts = new int[vocabulary];
    }

    static float checkRepeat(float repeat) {
        return Ranges.positive("--repeat-penalty", repeat);
    }

    static int checkLastN(int lastN) {
        return Ranges.within(
                "--repeat-last-n", lastN, -1, MAX_LAST_N, "-1 (the whole context), or from 0 to " + MAX_LAST_N);
    }

    static float checkPresence(float presence) {
        return Ranges.finite("--presence-penalty", presence);
    }

    static float checkFrequency(float frequency) {
        return Ranges.finite("--frequency-penalty", frequency);
    }

    @Override
    public void accept(int token) {
        Objects.checkIndex(token, counts.length);
        if (!everything) {
            if (ring.length == 0) {
                return;
            }
            if (filled == ring.length) {
                counts[ring[next]]--;
            } else {
                filled++;
            }
            ring[next] = token;
            next = next + 1 == ring.length ? 0 : next + 1;
        }
        counts[token]++;
    }

    /// In double: with finite penalties nothing overflows there, and a masked logit stays -infinity.
    @Override
    public void apply(Candidates candidates) {
        for (int i = 0; i < candidates.size(); i++) {
            int count = counts[candidates.token(i)];
            if (count > 0) {
                double logit = candidates.logit(i);
                logit = logit > 0 ? logit / repeat : logit * repeat;
                candidates.setLogit(i, logit - (double) count * frequency - presence);
            }
        }
    }

    @Override
    public void reset() {
        Arrays.fill(counts, 0);
        next = 0;
        filled = 0;
    }

    @Override
    public String toString() {
        return "Penalties[repeat=%s, lastN=%s, presence=%s, frequency=%s]"
                .formatted(repeat, everything ? -1 : ring.length, presence, frequency);
    }
}
