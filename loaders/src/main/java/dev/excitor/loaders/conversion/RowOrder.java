package dev.excitor.loaders.conversion;

/// Where the rows of a matrix come from.
///
/// Hugging Face keeps the channels i and i + d/2 of a head, which turn together, d/2 rows apart; GGUF has them one
/// behind the other. Such a model says so under [#LAYOUT_KEY], and its queries and keys change their order on the way.
///
/// @param headSize rows of a head that change places, an even number; 0 where none do
record RowOrder(int headSize) {

    static final String LAYOUT_KEY = "llama.rope.layout";
    static final String HALF = "half";

    static final RowOrder KEPT = new RowOrder(0);

    boolean isKept() {
        return headSize == 0;
    }

    /// The source's row for a row of the target: the first half of a head becomes the even rows, the second the odd.
    int sourceRow(int row) {
        int inHead = row % headSize;
        return row - inHead + inHead / 2 + inHead % 2 * (headSize / 2);
    }
}
