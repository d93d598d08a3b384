package dev.excitor.runtime.kernel.x86;

/// What kernels that multiply weight rows as they stream by are called with, eight bytes each.
public final class RowArguments {

    /// Where the first weight row starts; the others follow it.
    public static final int W = 0;
    /// The number of weight rows.
    public static final int ROWS = 8;
    /// Where the activations start, in the picture that the kernel reads.
    public static final int X = 16;
    /// Where the first weight row's product with the first row of activations goes.
    public static final int Y = 24;
    /// Bytes from there to the product with the next row of activations.
    public static final int Y_STRIDE = 32;

    public static final int BYTES = 40;

    /// Bytes ahead of the weights in use that row kernels ask for. Far: a mapped file comes in pages of 4 KiB, which
    /// the processor's own prefetcher does not cross, and the first touch of each costs a walk through the page tables.
    public static final int AHEAD = 16_384;

    private RowArguments() {}
}
