package dev.excitor.runtime.kernel.avx512;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.foreign.CpuId;
import dev.excitor.runtime.foreign.CpuId.Feature;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.kernel.KernelProvider;
import dev.excitor.runtime.kernel.Regime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Kernels in machine code for x86-64 processors with AVX-512 and its byte dot product, assembled here when weights are
/// bound: no file to ship, no compiler, nothing to warm up.
///
/// To add a format, see [Unpacker].
public final class Avx512Provider implements KernelProvider {

    private static final Set<Feature> NEEDED = EnumSet.of(
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

    private record FloatProduct(FloatRowKernel.Kind kind, int cols) {}

    private final @Nullable String obstacle;
    private final List<MachineCode> allCode = new ArrayList<>();
    private final Map<String, MachineCode> panelKernels = new HashMap<>();
    private final Map<TileKind, MachineCode[]> tileKernels = new HashMap<>();
    private final Map<Product, Avx512MatMul> products = new HashMap<>();
    private final Map<FloatProduct, FloatMatMul> floatProducts = new HashMap<>();
    private @Nullable Q8Packing lanes;
    private @Nullable Q8Packing records;

    private Avx512Provider(Optional<String> obstacle) {
        this.obstacle = obstacle.orElse(null);
    }

    /// @param required whether to throw where the kernels cannot run, instead of declining every matrix
    /// @throws ExcitorException.Unsupported when required, with the reason
    public static Avx512Provider open(boolean required) {
        Optional<String> obstacle = obstacle();
        if (required && obstacle.isPresent()) {
            throw new ExcitorException.Unsupported(
                    "the native tier (" + obstacle.get() + ")", List.of("auto", "vector", "scalar"));
        }
        return new Avx512Provider(obstacle);
    }

    /// Why these kernels cannot run on this machine, a clause; empty where they can.
    public static Optional<String> obstacle() {
        return MachineCode.obstacle().or(Avx512Provider::missing);
    }

    private static Optional<String> missing() {
        Set<Feature> missing = EnumSet.copyOf(NEEDED);
        missing.removeAll(CpuId.features());
        return missing.isEmpty()
                ? Optional.empty()
                : Optional.of("cpu has no "
                        + missing.stream()
                                .map(feature -> feature.name().toLowerCase(Locale.ROOT))
                                .collect(Collectors.joining(", ")));
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
                    .orElseGet(() -> floats(tensor, regime));
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

    private Answer floats(Tensor tensor, Regime regime) {
        String format = tensor.format().name();
        int cols = tensor.shape().cols();
        if (regime != Regime.DECODE) {
            return new Declined("float weights meet one row of activations at a time");
        }
        if (cols % FloatRowKernel.STEP != 0) {
            return new Declined("rows of %d are not whole runs of %d".formatted(cols, FloatRowKernel.STEP));
        }
        return Arrays.stream(FloatRowKernel.Kind.values())
                .filter(kind -> kind.name().equals(format))
                .findFirst()
                .<Answer>map(kind -> new Accepted(floatProducts.computeIfAbsent(
                        new FloatProduct(kind, cols),
                        wanted -> new FloatMatMul(name(), install(FloatRowKernel.assemble(kind, cols))))))
                .orElseGet(() -> new Declined(format + " has no unpacker"));
    }

    private Avx512MatMul product(Product wanted) {
        MachineCode[] rows = new MachineCode[RowKernel.MAX_TOKENS];
        for (int tokens = 1; tokens <= rows.length; tokens++) {
            rows[tokens - 1] = install(RowKernel.assemble(wanted.code(), wanted.cols(), tokens));
        }
        return new Avx512MatMul(
                name(),
                wanted.code(),
                wanted.cols(),
                rows,
                panelKernel(wanted.code()),
                tileKernels(wanted.code()),
                lanes(),
                records());
    }

    private MachineCode panelKernel(WeightCode code) {
        return panelKernels.computeIfAbsent(code.format(), format -> install(PanelKernel.assemble(code)));
    }

    private MachineCode[] tileKernels(WeightCode code) {
        return tileKernels.computeIfAbsent(new TileKind(code.group(), code.affine()), kind -> {
            MachineCode[] kernels = new MachineCode[TileKernel.MAX_TOKENS - TileKernel.MIN_TOKENS + 1];
            for (int i = 0; i < kernels.length; i++) {
                kernels[i] = install(TileKernel.assemble(code, TileKernel.MIN_TOKENS + i));
            }
            return kernels;
        });
    }

    private Q8Packing lanes() {
        if (lanes == null) {
            MachineCode code = install(QuantizeKernel.assemble(QuantizeKernel.Form.LANES));
            lanes = new Q8Packing(code, Q8Lanes.STEP_BYTES, Avx512MatMul.TILES_FROM - 1);
        }
        return lanes;
    }

    private Q8Packing records() {
        if (records == null) {
            MachineCode code = install(QuantizeKernel.assemble(QuantizeKernel.Form.RECORDS));
            records = new Q8Packing(code, 2 * Q8Records.BYTES, Integer.MAX_VALUE);
        }
        return records;
    }

    private MachineCode install(byte[] code) {
        MachineCode installed = new MachineCode(code);
        allCode.add(installed);
        return installed;
    }

    @Override
    public synchronized void close() {
        allCode.forEach(MachineCode::close);
    }
}
