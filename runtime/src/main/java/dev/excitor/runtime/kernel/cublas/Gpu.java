package dev.excitor.runtime.kernel.cublas;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Lifetime;
import dev.excitor.runtime.kernel.cublas.Resources.Kind;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A device that multiplies: its streams, and the slots through which results come back.
///
/// A product is cut into pieces, some rows of activations each. Three streams work on different pieces at the same
/// time: one takes activations up, one multiplies, one brings results down into pinned memory of the host. Only worker
/// 0 of a team calls [#enqueue] and [#await]; passes of an engine take turns, so one set of slots is enough.
final class Gpu {

    private static final System.Logger LOG = System.getLogger(Gpu.class.getName());

    /// Pieces under way at the same time.
    static final int SLOTS = 4;

    /// Bytes of results that a piece may have.
    static final long SLOT_BYTES = 8L << 20;

    private final CudaLibraries libraries;
    private final Resources resources;
    private final Facts facts;
    private final Lifetime lifetime;
    private final long up;
    private final long compute;
    private final long down;
    private final long blas;
    private final Slot[] slots = new Slot[SLOTS];
    private final MemorySegment zero;
    private volatile String failure = "its engine is closed";

    /// What is known of a device.
    ///
    /// @param libraries `CUDA 12.4 (libcudart.so.12), cuBLAS 12.4.5 (libcublas.so.12), driver for CUDA 12.8`
    record Facts(String device, String computeCapability, String libraries, CudaRuntime.Memory memory) {}

    /// Where a piece's results are on both sides, and how far it is.
    private record Slot(long device, MemorySegment host, long uploaded, long multiplied, long done) {}

    /// Takes the first device that CUDA shows, and what is needed on it.
    ///
    /// @throws ExcitorException.NativeCall for the first call that fails; nothing is taken then
    Gpu(CudaLibraries libraries) {
        this.libraries = libraries;
        this.facts = facts(libraries);
        this.resources = new Resources(libraries);
        // outlives this object by as much as the collector wants: a word that no free can hurt
        this.zero = Arena.ofAuto().allocate(ValueLayout.JAVA_FLOAT);
        this.lifetime = new Lifetime("the GPU", this::freeAll);
        try {
            up = resources.stream();
            compute = resources.stream();
            down = resources.stream();
            blas = resources.blasHandle();
            libraries.blas().setStream(blas, compute);
            for (int i = 0; i < SLOTS; i++) {
                slots[i] = new Slot(
                        resources.deviceMemory(SLOT_BYTES),
                        hostMemory(SLOT_BYTES),
                        resources.event(),
                        resources.event(),
                        resources.event());
            }
        } catch (RuntimeException | Error refused) {
            resources.freeAll();
            throw refused;
        }
    }

    private static Facts facts(CudaLibraries libraries) {
        CudaRuntime cuda = libraries.runtime();
        String versions = "CUDA %s (%s), cuBLAS %s (%s), driver for CUDA %s"
                .formatted(
                        CudaRuntime.version(cuda.runtimeVersion()),
                        cuda.file(),
                        libraries.blas().version(),
                        libraries.blas().file(),
                        CudaRuntime.version(cuda.driverVersion()));
        return new Facts(cuda.deviceName(0), cuda.computeCapability(0), versions, cuda.memory());
    }

    Facts facts() {
        return facts;
    }

    CudaRuntime cuda() {
        return libraries.runtime();
    }

    Resources resources() {
        return resources;
    }

    /// Begins to use what the device holds; [#leave] ends it. After a failure and after the end nothing may be used.
    ///
    /// @return whether it may
    boolean enter() {
        return lifetime.tryAcquire();
    }

    void leave() {
        lifetime.release();
    }

    /// Whether it has been given up or closed.
    boolean isLost() {
        return lifetime.isClosed();
    }

    /// Why it is not used any more, a clause.
    String failure() {
        return failure;
    }

    /// Gives the device up: refuses further uses at once and frees everything when the last one under way ends. A
    /// program on the device that went wrong leaves no state that could be trusted.
    void lose(ExcitorException.NativeCall reason) {
        failure = Device.clause(reason);
        LOG.log(
                System.Logger.Level.WARNING,
                "The GPU is not used any more; all products run on the CPU from now on: {0}",
                reason.getMessage());
        lifetime.close();
    }

    /// Frees everything when the last use under way ends. Closing twice is fine.
    void close() {
        lifetime.close();
    }

    private void freeAll() {
        try {
            cuda().deviceSynchronize();
        } catch (ExcitorException.NativeCall broken) {
            LOG.log(System.Logger.Level.DEBUG, "While everything on the GPU is freed: {0}", broken.getMessage());
        }
        resources.freeAll();
    }

    /// Memory of the host that the device reaches by itself, freed with the device.
    @SuppressWarnings("restricted") // CUDA has said how much there is
    MemorySegment hostMemory(long bytes) {
        return MemorySegment.ofAddress(resources.hostMemory(bytes)).reinterpret(bytes);
    }

    /// The same, freed with the arena or with the device, whichever ends first.
    @SuppressWarnings("restricted") // CUDA has said how much there is
    MemorySegment hostMemory(long bytes, Arena arena) {
        long pointer = resources.hostMemory(bytes);
        return MemorySegment.ofAddress(pointer)
                .reinterpret(bytes, arena, freed -> resources.free(Kind.HOST_MEMORY, pointer));
    }

    /// Memory of the device, freed in the same way: a segment of no bytes, since its address means nothing to the host.
    @SuppressWarnings("restricted") // nobody can reach through it
    MemorySegment deviceMemory(long bytes, Arena arena) {
        long pointer = resources.deviceMemory(bytes);
        return MemorySegment.ofAddress(pointer)
                .reinterpret(0, arena, freed -> resources.free(Kind.DEVICE_MEMORY, pointer));
    }

    /// Results of a piece, f32 rows without gaps, complete after [#await].
    MemorySegment results(int slot) {
        return slots[slot].host();
    }

    /// Puts the product of some rows of x into a slot.
    ///
    /// @param x     packed
    /// @param first row of x
    /// @param count rows of x, so few that the results fit the slot
    void enqueue(HalfRows x, DeviceMatrix w, Side side, int first, int count, int slot) {
        CudaRuntime cuda = cuda();
        Slot at = slots[slot];
        long rowBytes = 2L * side.read(w);
        if (x.uploaded() < first + count) {
            int from = x.uploaded();
            long bytes = (first + count - from) * rowBytes;
            cuda.copyToDevice(x.device() + from * rowBytes, x.host().address() + from * rowBytes, bytes, up);
            cuda.record(at.uploaded(), up);
            cuda.streamWait(compute, at.uploaded());
            x.uploaded(first + count);
        }
        libraries.blas().multiply(blas, side, count, w, x.device() + first * rowBytes, zero.address(), at.device());
        cuda.record(at.multiplied(), compute);
        cuda.streamWait(down, at.multiplied());
        cuda.copyToHost(at.host().address(), at.device(), 4L * count * side.made(w), down);
        cuda.record(at.done(), down);
    }

    /// Waits until a slot's results are there.
    void await(int slot) {
        cuda().synchronize(slots[slot].done());
    }
}
