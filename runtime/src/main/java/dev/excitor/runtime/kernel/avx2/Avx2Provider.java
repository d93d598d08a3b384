package dev.excitor.runtime.kernel.avx2;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.foreign.CpuId;
import dev.excitor.runtime.foreign.CpuId.Feature;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.kernel.KernelProvider;
import dev.excitor.runtime.kernel.Regime;
import dev.excitor.runtime.kernel.x86.CodeStore;
import dev.excitor.runtime.kernel.x86.FloatProducts;
import dev.excitor.runtime.kernel.x86.Q8Packing;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Kernels in machine code for x86-64 processors without AVX-512, assembled here when weights are bound: no file to
/// ship, no compiler, nothing to warm up.
///
/// To add a format, see [Unpacker].
public final class Avx2Provider implements KernelProvider, AutoCloseable {

    /// What the kernels are assembled from.
    static final Set<Feature> NEEDED = EnumSet.of(Feature.FMA, Feature.F16C, Feature.AVX2);

    private record TileKind(int group, int bits, boolean affine) {}

    private record Product(WeightCode code, int cols) {}

    private final @Nullable String obstacle;
    private final boolean vnni;
    private final CodeStore store = new CodeStore();
    private final FloatProducts floatProducts = new FloatProducts(name(), 256, store);
    private final Map<String, MachineCode> panelKernels = new HashMap<>();
    private final Map<TileKind, MachineCode[]> tileKernels = new HashMap<>();
    private final Map<Product, Avx2MatMul> products = new HashMap<>();
    private final Map<Q8Octets, OctetPacking> octets = new HashMap<>();
    private @Nullable Q8Packing records;

    private Avx2Provider(Optional<String> obstacle, boolean vnni) {
        this.obstacle = obstacle.orElse(null);
        this.vnni = vnni;
    }

    /// @param required whether to throw where the kernels cannot run, instead of declining every matrix
    /// @throws ExcitorException.Unsupported when required, with the reason
    public static Avx2Provider open(boolean required) {
        Optional<String> noCode = MachineCode.obstacle();
        Set<Feature> features = noCode.isPresent() ? Set.of() : CpuId.features();
        return open(required, noCode.or(() -> CpuId.missing(NEEDED, features)), features.contains(Feature.AVX_VNNI));
    }

    /// As [#open], knowing why the kernels cannot run, empty where they can, and whether there is AVX-VNNI.
    static Avx2Provider open(boolean required, Optional<String> obstacle, boolean vnni) {
        if (required && obstacle.isPresent()) {
            throw new ExcitorException.Unsupported(
                    "kernels in machine code (" + obstacle.get() + ")", List.of("auto", "vector", "scalar"));
        }
        return new Avx2Provider(obstacle, vnni);
    }

    /// Why these kernels cannot run on this machine, a clause; empty where they can.
    public static Optional<String> obstacle() {
        return MachineCode.obstacle().or(() -> CpuId.missing(NEEDED, CpuId.features()));
    }

    @Override
    public String name() {
        return "native(avx2)";
    }

    @Override
    public synchronized Answer consider(Tensor tensor, Regime regime) {
        if (obstacle != null) {
            return new Declined(obstacle);
        }
        try {
            return WeightCodes.find(tensor.format())
                    .<Answer>map(code -> new Accepted(products.computeIfAbsent(
                            new Product(code, tensor.shape().cols()), this::product)))
                    .orElseGet(() -> floatProducts.consider(tensor, regime));
        } catch (ExcitorException.NativeCall refused) {
            return new Declined("executable memory is refused: " + refused.getMessage());
        }
    }

    private Avx2MatMul product(Product wanted) {
        MachineCode[] rows = new MachineCode[RowKernel.mostTokens(wanted.code())];
        for (int tokens = 1; tokens <= rows.length; tokens++) {
            rows[tokens - 1] = store.install(RowKernel.assemble(wanted.code(), wanted.cols(), tokens));
        }
        return new Avx2MatMul(
                name(),
                wanted.code(),
                wanted.cols(),
                rows,
                panelKernel(wanted.code()),
                tileKernels(wanted.code()),
                store.callSequence(),
                octets(wanted.code()),
                records());
    }

    private MachineCode panelKernel(WeightCode code) {
        return panelKernels.computeIfAbsent(code.format(), format -> store.install(PanelKernel.assemble(code)));
    }

    private MachineCode[] tileKernels(WeightCode code) {
        return tileKernels.computeIfAbsent(new TileKind(code.group(), code.bits(), code.affine()), kind -> {
            MachineCode[] kernels = new MachineCode[TileKernel.MAX_TOKENS - TileKernel.MIN_TOKENS + 1];
            for (int i = 0; i < kernels.length; i++) {
                kernels[i] = store.install(TileKernel.assemble(code, TileKernel.MIN_TOKENS + i, vnni));
            }
            return kernels;
        });
    }

    private OctetPacking octets(WeightCode code) {
        return octets.computeIfAbsent(
                code.octets(),
                picture ->
                        new OctetPacking(store.install(QuantizeKernel.assembleOctets(picture)), Avx2MatMul.MOST_ROWS));
    }

    private Q8Packing records() {
        if (records == null) {
            MachineCode code = store.install(QuantizeKernel.assembleRecords());
            records = new Q8Packing(code, Q8Records.STEP, Q8Records.BYTES, Integer.MAX_VALUE, Integer.MAX_VALUE);
        }
        return records;
    }

    @Override
    public synchronized void close() {
        store.close();
    }
}
