package dev.excitor.runtime.format.superblock;

/// Sub-blocks side by side: number i of the sub-block of lane l lies at `i * lanes + l`, so that a vector holds one
/// number of each.
final class Transposed {

    private Transposed() {}

    /// @param size   numbers in a sub-block
    /// @param target receives `size * lanes` numbers
    static void load(float[] x, int from, int size, int lanes, float[] target) {
        for (int lane = 0; lane < lanes; lane++) {
            int row = from + lane * size;
            for (int i = 0; i < size; i++) {
                target[i * lanes + lane] = x[row + i];
            }
        }
    }

    /// Codes, integers all, from where they lie transposed to where they belong.
    static void store(float[] source, int at, int size, int lanes, int[] codes, int to) {
        for (int lane = 0; lane < lanes; lane++) {
            int row = to + lane * size;
            for (int i = 0; i < size; i++) {
                codes[row + i] = (int) source[at + i * lanes + lane];
            }
        }
    }
}
