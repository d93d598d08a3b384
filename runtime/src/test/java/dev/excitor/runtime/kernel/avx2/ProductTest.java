package dev.excitor.runtime.kernel.avx2;

import dev.excitor.runtime.kernel.x86.ProductContract;

/// [ProductContract] with [RowKernel] and [TileKernel].
class ProductTest extends ProductContract {

    ProductTest() {
        super(new Avx2Tier());
    }
}
