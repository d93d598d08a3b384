package dev.excitor.model.sampling;

import static dev.excitor.model.sampling.SamplerSettings.DEFAULTS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.ExcitorException.InvalidOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerSettingsTest {

    private static void assertRefused(String option, Object found, Supplier<SamplerSettings> make) {
        assertThatThrownBy(make::get)
                .isInstanceOf(InvalidOption.class)
                .hasMessageStartingWith(option + " must be ")
                .hasMessageEndingWith("but is " + found + ".");
    }

    @Test
    void theDefaultsAreLlamaCpps() {
        assertThat(DEFAULTS).isEqualTo(new SamplerSettings(0.8f, 40, 0.95f, 0.05f, 1f, 1f, 64, 0f, 0f, Map.of(), -1));
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -1e-30f, -1, 1.0001f, 2})
    void fractionsLieFromZeroToOne(float bad) {
        assertRefused("--top-p", bad, () -> DEFAULTS.withTopP(bad));
        assertRefused("--min-p", bad, () -> DEFAULTS.withMinP(bad));
        assertRefused("--typical", bad, () -> DEFAULTS.withTypical(bad));
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void numbersAreFinite(float bad) {
        assertRefused("--temp", bad, () -> DEFAULTS.withTemperature(bad));
        assertRefused("--repeat-penalty", bad, () -> DEFAULTS.withPenalties(bad, 64, 0, 0));
        assertRefused("--presence-penalty", bad, () -> DEFAULTS.withPenalties(1, 64, bad, 0));
        assertRefused("--frequency-penalty", bad, () -> DEFAULTS.withPenalties(1, 64, 0, bad));
    }

    @Test
    void rangesAreKept() {
        assertRefused("--temp", -0.1f, () -> DEFAULTS.withTemperature(-0.1f));
        assertRefused("--top-k", -1, () -> DEFAULTS.withTopK(-1));
        assertRefused("--top-k", Integer.MIN_VALUE, () -> DEFAULTS.withTopK(Integer.MIN_VALUE));
        assertRefused("--repeat-penalty", 0f, () -> DEFAULTS.withPenalties(0, 64, 0, 0));
        assertRefused("--repeat-penalty", -1f, () -> DEFAULTS.withPenalties(-1, 64, 0, 0));
        assertRefused("--repeat-last-n", -2, () -> DEFAULTS.withPenalties(1, -2, 0, 0));
        assertRefused("--repeat-last-n", Integer.MAX_VALUE, () -> DEFAULTS.withPenalties(1, Integer.MAX_VALUE, 0, 0));
        assertRefused("--logit-bias", -1, () -> DEFAULTS.withLogitBias(Map.of(-1, 1f)));
        assertRefused("--logit-bias", Float.NaN, () -> DEFAULTS.withLogitBias(Map.of(1, Float.NaN)));
        assertRefused(
                "--logit-bias",
                Float.POSITIVE_INFINITY,
                () -> DEFAULTS.withLogitBias(Map.of(1, Float.POSITIVE_INFINITY)));
    }

    @Test
    void minusZeroIsZero() {
        assertThat(Sampler.of(DEFAULTS.withTemperature(-0f), 10)).hasToString("Greedy[]");
    }

    @Test
    void everySeedIsLegal() {
        for (long seed : List.of(Long.MIN_VALUE, -1L, 0L, 0xffffffffL, Long.MAX_VALUE)) {
            assertThat(DEFAULTS.withSeed(seed).seed()).isEqualTo(seed);
        }
    }

    @Test
    void eachWithChangesItsOwnValueOnly() {
        SamplerSettings changed = DEFAULTS.withTemperature(0.1f)
                .withTopK(2)
                .withTopP(0.3f)
                .withMinP(0.4f)
                .withTypical(0.5f)
                .withPenalties(1.6f, 7, 0.8f, 0.9f)
                .withLogitBias(Map.of(10, 11f))
                .withSeed(12);
        assertThat(changed)
                .isEqualTo(new SamplerSettings(0.1f, 2, 0.3f, 0.4f, 0.5f, 1.6f, 7, 0.8f, 0.9f, Map.of(10, 11f), 12));
    }

    @Test
    void theBiasesAreCopied() {
        Map<Integer, Float> biases = new HashMap<>(Map.of(1, 1f));
        SamplerSettings settings = DEFAULTS.withLogitBias(biases);
        biases.put(-5, Float.NaN);
        assertThat(settings.logitBias()).isEqualTo(Map.of(1, 1f));
    }
}
