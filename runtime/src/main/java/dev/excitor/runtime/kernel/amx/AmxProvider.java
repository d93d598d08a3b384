package dev.excitor.runtime.kernel.amx;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.foreign.CpuId;
import dev.excitor.runtime.foreign.CpuId.Feature;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.foreign.TileState;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.kernel.KernelProvider;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Regime;
import dev.excitor.runtime.kernel.avx512.Avx512Provider;
import dev.excitor.runtime.kernel.x86.CodeStore;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Kernels in machine code for x86-64 processors with tiles of brain floats (AMX): products with many activations. What
/// meets one row of activations, and quantized weights that meet fewer than a tile of them, is left to
/// [Avx512Provider].
///
/// To add a format, see [WeightSource].
public final class AmxProvider implements KernelProvider, AutoCloseable {

    /// What the kernels need beside that of [Avx512Provider].
    static final Set<Feature> NEEDED = EnumSet.of(Feature.AVX512_BF16, Feature.AMX_TILE, Feature.AMX_BF16);

    /// From this many rows of activations on, quantized weights meet them in tiles.
    public static final int TILES_FROM = BrainTiles.ROWS;

    private record Product(Format format, int cols) {}

    private final @Nullable String obstacle;
    private final Avx512Provider few;
    private final CodeStore store = new CodeStore();
    private final Map<String, MachineCode> panelKernels = new HashMap<>();
    private final Map<Product, AmxMatMul> products = new HashMap<>();
    private MachineCode @Nullable [][] tileKernels;
    private @Nullable BrainPacking packing;

    private AmxProvider(Optional<String> obstacle, Avx512Provider few) {
        this.obstacle = obstacle.orElse(null);
        this.few = few;
    }

    /// A provider that declines every matrix where the kernels cannot run.
    ///
    /// @param few for fewer rows than [#TILES_FROM]; closed by whoever opened it
    public static AmxProvider open(Avx512Provider few) {
        return open(obstacle(), few);
    }

    /// As [#open], knowing why the kernels cannot run, empty where they can: the processor is asked once.
    public static AmxProvider open(Optional<String> obstacle, Avx512Provider few) {
        return new AmxProvider(obstacle, few);
    }

    /// Why these kernels cannot run on this machine, a clause; empty where they can, from here on in every thread.
    public static Optional<String> obstacle() {
        return MachineCode.obstacle()
                .or(() -> CpuId.missing(NEEDED, CpuId.features()))
                .or(Avx512Provider::obstacle)
                .or(TileState::request);
    }

    @Override
    public String name() {
        return "native(amx)";
    }

    @Override
    public synchronized Answer consider(Tensor tensor, Regime regime) {
        if (obstacle != null) {
            return new Declined(obstacle);
        }
        if (regime == Regime.DECODE) {
            return new Declined("tiles are for several rows of activations");
        }
        Format format = tensor.format();
        int cols = tensor.shape().cols();
        try {
            return WeightSource.find(format)
                    .map(source -> accept(source, tensor, cols))
                    .orElseGet(() -> new Declined(format.name() + " weights have more bits than a brain float"));
        } catch (ExcitorException.NativeCall refused) {
            return new Declined("executable memory is refused: " + refused.getMessage());
        }
    }

    private Answer accept(WeightSource source, Tensor tensor, int cols) {
        int unit = source.unitWeights();
        return cols % unit == 0
                ? new Accepted(
                        products.computeIfAbsent(new Product(tensor.format(), cols), wanted -> product(source, tensor)))
                : new Declined("rows of %d are not whole runs of %d".formatted(cols, unit));
    }

    private AmxMatMul product(WeightSource source, Tensor tensor) {
        MatMul forFew = few.consider(tensor, Regime.PREFILL) instanceof Accepted accepted ? accepted.kernel() : null;
        return new AmxMatMul(
                name(),
                source,
                tensor.shape().cols(),
                panelKernels.computeIfAbsent(
                        tensor.format().name(), format -> store.install(PanelKernel.assemble(source))),
                tileKernels(),
                packing(),
                forFew);
    }

    private MachineCode[][] tileKernels() {
        if (tileKernels == null) {
            MachineCode[][] kernels = new MachineCode[TileKernel.TILES][TileKernel.TILES];
            for (int w = 0; w < TileKernel.TILES; w++) {
                for (int x = 0; x < TileKernel.TILES; x++) {
                    kernels[w][x] = store.install(TileKernel.assemble(w + 1, x + 1));
                }
            }
            tileKernels = kernels;
        }
        return tileKernels;
    }

    private BrainPacking packing() {
        if (packing == null) {
            packing = new BrainPacking(store.install(PackKernel.assemble()));
        }
        return packing;
    }

    @Override
    public synchronized void close() {
        store.close();
    }
}
