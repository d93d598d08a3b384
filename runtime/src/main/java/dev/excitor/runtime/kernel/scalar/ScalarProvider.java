package dev.excitor.runtime.kernel.scalar;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.kernel.KernelProvider;
import dev.excitor.runtime.kernel.Regime;

/// Accepts everything, slowly: the end of every chain and the definition of every product.
public final class ScalarProvider implements KernelProvider {

    private static final ScalarMatMul KERNEL = new ScalarMatMul();

    @Override
    public String name() {
        return KERNEL.name();
    }

    @Override
    public Answer consider(Tensor tensor, Regime regime) {
        return new Accepted(KERNEL);
    }
}
