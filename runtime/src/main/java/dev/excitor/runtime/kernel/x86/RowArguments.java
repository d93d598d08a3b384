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

    private RowArguments() {}
}
