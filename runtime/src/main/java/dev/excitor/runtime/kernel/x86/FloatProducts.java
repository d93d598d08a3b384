package dev.excitor.runtime.kernel.x86;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.kernel.KernelProvider.Accepted;
import dev.excitor.runtime.kernel.KernelProvider.Answer;
import dev.excitor.runtime.kernel.KernelProvider.Declined;
import dev.excitor.runtime.kernel.Regime;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// The part of a provider that answers for float weights.
public final class FloatProducts {

    private record Product(FloatRowKernel.Kind kind, int cols) {}

    private final String name;
    private final int bits;
    private final CodeStore store;
    private final Map<Product, FloatMatMul> products = new HashMap<>();

    /// @param name  of the kernels, for people
    /// @param bits  of the registers
    /// @param store owns the code
    public FloatProducts(String name, int bits, CodeStore store) {
        this.name = name;
        this.bits = bits;
        this.store = store;
    }

    /// Accepts float weights that meet one row of activations.
    public Answer consider(Tensor tensor, Regime regime) {
        String format = tensor.format().name();
        int cols = tensor.shape().cols();
        int step = FloatRowKernel.step(bits);
        if (regime != Regime.DECODE) {
            return new Declined("float weights meet one row of activations at a time");
        }
        if (cols % step != 0) {
            return new Declined("rows of %d are not whole runs of %d".formatted(cols, step));
        }
        return Arrays.stream(FloatRowKernel.Kind.values())
                .filter(kind -> kind.name().equals(format))
                .findFirst()
                .<Answer>map(kind -> new Accepted(products.computeIfAbsent(new Product(kind, cols), this::product)))
                .orElseGet(() -> new Declined(format + " has no unpacker"));
    }

    private FloatMatMul product(Product wanted) {
        return new FloatMatMul(name, store.install(FloatRowKernel.assemble(wanted.kind(), wanted.cols(), bits)));
    }
}
