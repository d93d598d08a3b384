package dev.excitor.runtime.kernel.cublas;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.GpuOptions;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.kernel.GpuState;
import dev.excitor.runtime.kernel.KernelProvider;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Place;
import dev.excitor.runtime.kernel.Regime;
import dev.excitor.runtime.kernel.cublas.Resources.Kind;
import dev.excitor.runtime.team.Team;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/// Products with many rows of activations on a GPU. Stands before the CPU's kernels in the chain, which it needs for
/// products with few.
///
/// Whatever goes wrong while weights are bound is a reason to decline, said once in the log: the CPU's kernels take
/// over. A call that fails in a forward pass is thrown from it, the device is given up with everything on it, and later
/// passes run on the CPU.
public final class CublasProvider implements KernelProvider {

    private static final System.Logger LOG = System.getLogger(CublasProvider.class.getName());

    /// For each matrix; [#state] has the reason, which may be long.
    private static final String NO_DEVICE = "there is no GPU that can be used";

    private final GpuOptions options;
    private final Kernels cpu;
    private final Team team;
    private final Device device;

    /// Matrices on the device by the address of their tensor's data.
    private final Map<Long, DeviceMatrix> matrices = new HashMap<>();

    private long weightBytes;

    /// Why nothing more is taken up; empty while there is room.
    private String full = "";

    private CublasProvider(GpuOptions options, Kernels cpu, Team team, Device device) {
        this.options = options;
        this.cpu = cpu;
        this.team = team;
        this.device = device;
    }

    /// Looks for libraries and a device; what is missing is a reason to decline everything, and said in the log.
    ///
    /// @param cpu  kernels for products with few rows
    /// @param team decodes weights on their way up
    public static CublasProvider open(GpuOptions options, Kernels cpu, Team team) {
        Device device = Device.open(options, team);
        if (device instanceof Device.Absent absent) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "No GPU is used, though -ngl {0} asks for one: {1}. It needs a driver and CUDA 11, 12 or 13 with"
                            + " cuBLAS; --cuda-path names their folder.",
                    Integer.toString(options.layers()),
                    absent.reason());
        }
        return new CublasProvider(options, cpu, team, device);
    }

    @Override
    public String name() {
        return "cublas";
    }

    /// What came of it, for people.
    public synchronized GpuState state() {
        return switch (device) {
            case Device.Absent absent -> new GpuState.Unusable(absent.reason());
            case Device.Ready ready -> ready.gpu().isLost() ? new GpuState.Unusable(lost(ready)) : inUse(ready);
        };
    }

    private GpuState inUse(Device.Ready ready) {
        Gpu.Facts facts = ready.gpu().facts();
        return new GpuState.InUse(
                facts.device(),
                facts.computeCapability(),
                facts.libraries(),
                facts.memory().total(),
                facts.memory().free(),
                ready.budget(),
                weightBytes,
                matrices.size());
    }

    private static String lost(Device.Ready ready) {
        return "the GPU is not used any more: " + ready.gpu().failure();
    }

    @Override
    public Answer consider(Tensor tensor, Regime regime) {
        return consider(tensor, regime, Place.ALONE);
    }

    @Override
    public synchronized Answer consider(Tensor tensor, Regime regime, Place place) {
        return switch (device) {
            case Device.Absent absent -> new Declined(NO_DEVICE);
            case Device.Ready ready -> consider(ready, tensor, regime, place);
        };
    }

    private Answer consider(Device.Ready ready, Tensor tensor, Regime regime, Place place) {
        if (!place.isAmongTop(options.layers())) {
            return new Declined("it is not among the top %d layers (-ngl)".formatted(options.layers()));
        }
        int rows = regime == Regime.DECODE ? 1 : place.rows();
        if (rows < options.rows()) {
            return new Declined("rows %d below %d (--gpu-rows)".formatted(rows, options.rows()));
        }
        if (!DeviceProduct.fitsSlot(tensor.shape().rows())) {
            return new Declined("a result of %d numbers is more than comes down at once"
                    .formatted(tensor.shape().rows()));
        }
        if (!ready.gpu().enter()) {
            return new Declined(lost(ready));
        }
        try {
            return take(ready, tensor, regime);
        } catch (ExcitorException.NativeCall failure) {
            return failed(ready, tensor, failure);
        } finally {
            ready.gpu().leave();
        }
    }

    private Answer take(Device.Ready ready, Tensor tensor, Regime regime) {
        DeviceMatrix matrix = matrices.get(tensor.data().address());
        if (matrix == null) {
            if (!isRoomFor(tensor, ready.budget())) {
                return new Declined(full);
            }
            matrix = ready.upload().upload(tensor);
            matrices.put(tensor.data().address(), matrix);
            weightBytes += matrix.bytes();
        }
        MatMul few = cpu.choose(tensor, regime).kernel();
        return new Accepted(new CublasMatMul(ready.gpu(), ready.packing(), matrix, few, options.rows()));
    }

    /// No room is a reason to take no more; anything else that fails, not to trust the device.
    private Answer failed(Device.Ready ready, Tensor tensor, ExcitorException.NativeCall failure) {
        if (failure.status() == CudaRuntime.OUT_OF_MEMORY) {
            fill(tensor, Device.clause(failure));
            return new Declined(full);
        }
        // between passes: in the middle of one, some members would find the device and others not
        team.run(worker -> {
            if (worker.index() == 0) {
                ready.gpu().lose(failure);
            }
        });
        return new Declined(lost(ready));
    }

    /// @return whether the budget allows a matrix; after the first that it does not allow, it allows none
    private boolean isRoomFor(Tensor tensor, long budget) {
        long bytes = DeviceMatrix.bytes(tensor.shape().rows(), tensor.shape().cols());
        if (full.isEmpty() && bytes > budget - weightBytes) {
            fill(
                    tensor,
                    String.format(
                            Locale.ROOT,
                            "it takes %.1f MiB, and %.1f of %.1f MiB are left (--gpu-memory)",
                            mebibytes(bytes),
                            mebibytes(budget - weightBytes),
                            mebibytes(budget)));
        }
        return full.isEmpty();
    }

    private void fill(Tensor first, String why) {
        full = "the GPU is full since %s: %s".formatted(first.name(), why);
        LOG.log(
                System.Logger.Level.WARNING,
                "Weights stay on the CPU from {0} on, since the GPU is full: {1}.",
                first.name(),
                why);
    }

    private static double mebibytes(long bytes) {
        return bytes / (double) (1 << 20);
    }

    @Override
    public synchronized void release(Tensor tensor) {
        DeviceMatrix matrix = matrices.remove(tensor.data().address());
        if (matrix != null && device instanceof Device.Ready ready) {
            weightBytes -= matrix.bytes();
            full = "";
            ready.gpu().resources().free(Kind.DEVICE_MEMORY, matrix.pointer());
        }
    }

    @Override
    public synchronized void close() {
        if (device instanceof Device.Ready ready) {
            ready.gpu().close();
        }
    }
}
