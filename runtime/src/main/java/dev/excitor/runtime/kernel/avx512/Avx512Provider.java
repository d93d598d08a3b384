package dev.excitor.runtime.kernel.avx512;

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

/// Kernels in machine code for x86-64 processors with AVX-512 and its byte dot product, assembled here when weights are
/// bound: no file to ship, no compiler, nothing to warm up.
///
/// To add a format, see [Unpacker].
public final class Avx512Provider implements KernelProvider, AutoCloseable {

    /// What the kernels are assembled from.
    static final Set<Feature> NEEDED = EnumSet.of(
            Feature.FMA,
            Feature.F16C,
            Feature.AVX2,
            Feature.AVX512F,
            Feature.AVX512DQ,
            Feature.AVX512BW,
            Feature.AVX512VL,
            Feature.AVX512_VNNI);

    private record TileKind(int group, boolean affine) {}

    private record Product(WeightCode code, int cols) {}

    private final @Nullable String obstacle;
    private final int mostRows;
    private final CodeStore store = new CodeStore();
    private final FloatProducts floatProducts = new FloatProducts(name(), 512, store);
    private final Map<String, MachineCode> panelKernels = new HashMap<>();
    private final Map<TileKind, MachineCode[]> tileKernels = new HashMap<>();
    private final Map<Product, Avx512MatMul> products = new HashMap<>();
    private @Nullable Q8Packing lanes;
    private @Nullable Q8Packing records;

    private Avx512Provider(Optional<String> obstacle, int mostRows) {
        this.obstacle = obstacle.orElse(null);
        this.mostRows = mostRows;
    }

    /// @param required whether to throw where the kernels cannot run, instead of declining every matrix
    /// @throws ExcitorException.Unsupported when required, with the reason
    public static Avx512Provider open(boolean required) {
        return open(required, obstacle(), Integer.MAX_VALUE);
    }

    /// A provider for products that never meet more rows of activations than so many, since others take those: it
    /// makes room for no more. It declines every matrix where the kernels cannot run.
    public static Avx512Provider openForFew(int mostRows) {
        return open(false, obstacle(), mostRows);
    }

    /// As [#open], knowing why the kernels cannot run; empty where they can.
    static Avx512Provider open(boolean required, Optional<String> obstacle, int mostRows) {
        if (required && obstacle.isPresent()) {
            throw new ExcitorException.Unsupported(
                    "the avx512 tier (" + obstacle.get() + ")", List.of("auto", "native", "vector", "scalar"));
        }
        return new Avx512Provider(obstacle, mostRows);
    }

    /// Why these kernels cannot run on this machine, a clause; empty where they can.
    public static Optional<String> obstacle() {
        return MachineCode.obstacle().or(() -> CpuId.missing(NEEDED, CpuId.features()));
    }

    @Override
    public String name() {
        return "native(avx512)";
    }

    @Override
    public synchronized Answer consider(Tensor tensor, Regime regime) {
        if (obstacle != null) {
            return new Declined(obstacle);
        }
        try {
            return WeightCodes.find(tensor.format())
                    .map(code -> bytes(code, tensor.shape().cols()))
                    .orElseGet(() -> floatProducts.consider(tensor, regime));
        } catch (ExcitorException.NativeCall refused) {
            return new Declined("executable memory is refused: " + refused.getMessage());
        }
    }

    private Answer bytes(WeightCode code, int cols) {
        int unit = code.unitWeights();
        return cols % unit == 0
                ? new Accepted(products.computeIfAbsent(new Product(code, cols), this::product))
                : new Declined("rows of %d are not whole runs of %d".formatted(cols, unit));
    }

    private Avx512MatMul product(Product wanted) {
        MachineCode[] rows = new MachineCode[RowKernel.MAX_TOKENS];
        for (int tokens = 1; tokens <= rows.length; tokens++) {
            rows[tokens - 1] = store.install(RowKernel.assemble(wanted.code(), wanted.cols(), tokens));
        }
        return new Avx512MatMul(
                name(),
                wanted.code(),
                wanted.cols(),
                rows,
                panelKernel(wanted.code()),
                tileKernels(wanted.code()),
                store.callSequence(),
                lanes(),
                records());
    }

    private MachineCode panelKernel(WeightCode code) {
        return panelKernels.computeIfAbsent(code.format(), format -> store.install(PanelKernel.assemble(code)));
    }

    private MachineCode[] tileKernels(WeightCode code) {
        return tileKernels.computeIfAbsent(new TileKind(code.group(), code.affine()), kind -> {
            MachineCode[] kernels = new MachineCode[TileKernel.MAX_TOKENS - TileKernel.MIN_TOKENS + 1];
            for (int i = 0; i < kernels.length; i++) {
                kernels[i] = store.install(TileKernel.assemble(code, TileKernel.MIN_TOKENS + i));
            }
            return kernels;
        });
    }

    private Q8Packing lanes() {
        if (lanes == null) {
            MachineCode code = store.install(QuantizeKernel.assemble(QuantizeKernel.Form.LANES));
            lanes = new Q8Packing(code, 64, Q8Lanes.STEP_BYTES, Avx512MatMul.TILES_FROM - 1, Integer.MAX_VALUE);
        }
        return lanes;
    }

    private Q8Packing records() {
        if (records == null) {
            MachineCode code = store.install(QuantizeKernel.assemble(QuantizeKernel.Form.RECORDS));
            records = new Q8Packing(code, 64, 2 * Q8Records.BYTES, mostRows, Panel.COLS);
        }
        return records;
    }

    @Override
    public synchronized void close() {
        store.close();
    }
}
