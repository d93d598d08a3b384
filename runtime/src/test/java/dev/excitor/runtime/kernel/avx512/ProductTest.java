package dev.excitor.runtime.kernel.avx512;

import dev.excitor.runtime.kernel.x86.ProductContract;

/// [ProductContract] with [RowKernel] and [TileKernel].
class ProductTest extends ProductContract {

    ProductTest() {
        super(new Avx512Tier());
    }
}
