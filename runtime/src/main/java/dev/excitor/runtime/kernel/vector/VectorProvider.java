package dev.excitor.runtime.kernel.vector;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.kernel.KernelProvider;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Regime;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The portable kernels at one vector width: f32 activations, weights in place. Asks each format for its vector form.
public final class VectorProvider implements KernelProvider {

    private final int bits;
    private final GemmTile tile;
    private final Map<Format, MatMul> kernels = new ConcurrentHashMap<>();

    public VectorProvider(int bits) {
        this.bits = bits;
        this.tile = GemmTile.ofBits(bits);
    }

    @Override
    public String name() {
        return "vector(%d)".formatted(bits);
    }

    @Override
    public Answer consider(Tensor tensor, Regime regime) {
        return tensor.format()
                .vectorKernel()
                .<Answer>map(template -> new Accepted(kernels.computeIfAbsent(
                        tensor.format(), format -> new VectorMatMul(name(), VectorKernel.of(template, bits), tile))))
                .orElseGet(() -> new Declined(tensor.format().name() + " has no vector kernel"));
    }
}
