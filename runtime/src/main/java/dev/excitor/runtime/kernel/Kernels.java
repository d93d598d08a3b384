package dev.excitor.runtime.kernel;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.kernel.amx.AmxProvider;
import dev.excitor.runtime.kernel.avx2.Avx2Provider;
import dev.excitor.runtime.kernel.avx512.Avx512Provider;
import dev.excitor.runtime.kernel.scalar.ScalarProvider;
import dev.excitor.runtime.kernel.vector.VectorProvider;
import dev.excitor.runtime.vector.Lanes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/// The chain of kernel providers of one engine: each matrix is offered to them in order, once, when weights are bound.
/// The last one accepts everything.
public final class Kernels implements AutoCloseable {

    /// Which providers are asked.
    public enum Tier {
        /// The fastest that this machine can run.
        AUTO,
        /// The plain reference, and nothing else.
        SCALAR,
        /// The portable Vector API kernels.
        VECTOR,
        /// Machine code for this very processor, and the portable kernels for what it leaves out.
        NATIVE,
        /// The same without tiles (AMX), whether or not the processor has them.
        AVX512,
        /// The same without AVX-512, tiles and all, whether or not the processor has it.
        AVX2
    }

    private final List<KernelProvider> chain;
    /// Whether it was said that scalar code runs for want of the Vector API.
    private final AtomicBoolean excused = new AtomicBoolean();

    private Kernels(List<KernelProvider> chain) {
        this.chain = chain;
    }

    /// Builds the chain.
    ///
    /// @param vectorBits 128, 256 or 512, or 0 for what the CPU prefers
    public static Kernels of(Tier tier, int vectorBits) {
        List<KernelProvider> chain = new ArrayList<>();
        if (tier != Tier.SCALAR && tier != Tier.VECTOR) {
            addMachineCode(chain, tier);
        }
        if (tier != Tier.SCALAR) {
            VectorApi.requireFor(tier);
            if (VectorApi.isAvailable()) {
                chain.add(new VectorProvider(vectorBits == 0 ? Lanes.preferredBits() : vectorBits));
            }
        }
        chain.add(new ScalarProvider());
        return new Kernels(List.copyOf(chain));
    }

    private static void addMachineCode(List<KernelProvider> chain, Tier tier) {
        if (tier == Tier.AVX512) {
            chain.add(Avx512Provider.open(true));
        } else if (tier != Tier.AVX2) {
            addTiles(chain);
        }
        chain.add(Avx2Provider.open(tier != Tier.AUTO)); // what runs AVX-512 runs this
    }

    private static void addTiles(List<KernelProvider> chain) {
        Optional<String> noTiles = AmxProvider.obstacle();
        Avx512Provider few =
                noTiles.isEmpty() ? Avx512Provider.openForFew(AmxProvider.TILES_FROM - 1) : Avx512Provider.open(false);
        chain.add(AmxProvider.open(noTiles, few));
        chain.add(few);
    }

    /// The same chain with another provider before it, which is closed with it.
    public Kernels behind(KernelProvider first) {
        List<KernelProvider> longer = new ArrayList<>(chain);
        longer.addFirst(first);
        return new Kernels(List.copyOf(longer));
    }

    /// The kernel for a matrix that stands alone.
    public Choice choose(Tensor tensor, Regime regime) {
        return choose(tensor, regime, Place.ALONE);
    }

    /// The kernel for one matrix in one regime, with the reasons of those that were asked before.
    public Choice choose(Tensor tensor, Regime regime, Place place) {
        List<String> declined = new ArrayList<>();
        for (KernelProvider provider : chain) {
            switch (provider.consider(tensor, regime, place)) {
                case KernelProvider.Accepted accepted -> {
                    excuse(provider, tensor);
                    return new Choice(accepted.kernel(), List.copyOf(declined));
                }
                case KernelProvider.Declined no -> declined.add(provider.name() + " declined: " + no.reason());
            }
        }
        throw new ExcitorException.Unsupported(
                "a product with " + tensor.format().name() + " weights", names());
    }

    /// Says once why scalar code runs that nobody asked for.
    private void excuse(KernelProvider provider, Tensor tensor) {
        boolean last = provider instanceof ScalarProvider && chain.size() > 1;
        if (last && !VectorApi.isAvailable() && excused.compareAndSet(false, true)) {
            VectorApi.warnMissing("products with " + tensor.format().name() + " weights");
        }
    }

    public List<String> names() {
        return chain.stream().map(KernelProvider::name).toList();
    }

    /// Frees what was kept for matrices whose memory is about to go away. Nothing may be multiplying with them.
    public void release(Collection<Tensor> tensors) {
        for (KernelProvider provider : chain) {
            tensors.forEach(provider::release);
        }
    }

    /// Frees what the providers hold. Nothing may be running in their kernels. Closing twice is fine.
    @Override
    public void close() {
        chain.forEach(KernelProvider::close);
    }

    /// A chosen kernel and why the ones before it were not.
    public record Choice(MatMul kernel, List<String> declined) {
        /// `native declined: cpu has no avx512_vnni · vector(256) accepted`
        @Override
        public String toString() {
            return String.join(" · ", declined) + (declined.isEmpty() ? "" : " · ") + kernel.name() + " accepted";
        }
    }
}
