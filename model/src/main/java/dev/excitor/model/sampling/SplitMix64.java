package dev.excitor.model.sampling;

/// A random number generator of one line of state, the same on every machine and in every version of this project.
///
/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014: a counter that advances by the
/// golden ratio, its bits mixed by a bijection (Stafford's variant 13). Every seed, 0 and the extremes included, starts
/// a full period of 2^64.
final class SplitMix64 {

    private static final long GOLDEN_RATIO = 0x9e3779b97f4a7c15L;

    private long state;

    SplitMix64(long seed) {
        this.state = seed;
    }

    void seed(long seed) {
        this.state = seed;
    }

    long nextLong() {
        state += GOLDEN_RATIO;
        long z = state;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    double nextDouble() {
        return (nextLong() >>> 11) * 0x1p-53;
    }
}
