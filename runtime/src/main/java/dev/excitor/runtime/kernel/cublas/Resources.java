package dev.excitor.runtime.kernel.cublas;

import dev.excitor.runtime.ExcitorException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;

/// Everything that has been taken from CUDA and not been given back, so that it can be given back in one go whatever
/// happened before. For any thread.
final class Resources {

    private static final System.Logger LOG = System.getLogger(Resources.class.getName());

    /// What there is to free, each in its own way.
    enum Kind {
        DEVICE_MEMORY,
        HOST_MEMORY,
        STREAM,
        EVENT,
        BLAS_HANDLE
    }

    private record Resource(Kind kind, long pointer) {}

    private final CudaLibraries libraries;
    private final SequencedSet<Resource> taken = new LinkedHashSet<>();

    Resources(CudaLibraries libraries) {
        this.libraries = libraries;
    }

    /// @throws ExcitorException.NativeCall when there is none
    long deviceMemory(long bytes) {
        return remember(Kind.DEVICE_MEMORY, libraries.runtime().malloc(bytes));
    }

    long hostMemory(long bytes) {
        return remember(Kind.HOST_MEMORY, libraries.runtime().hostAlloc(bytes));
    }

    long stream() {
        return remember(Kind.STREAM, libraries.runtime().streamCreate());
    }

    long event() {
        return remember(Kind.EVENT, libraries.runtime().eventCreate());
    }

    long blasHandle() {
        return remember(Kind.BLAS_HANDLE, libraries.blas().create());
    }

    private synchronized long remember(Kind kind, long pointer) {
        taken.add(new Resource(kind, pointer));
        return pointer;
    }

    /// Gives one back, unless that has happened. Says so where it fails and does not throw: whoever frees has an error
    /// of his own to tell, or none.
    void free(Kind kind, long pointer) {
        Resource resource = new Resource(kind, pointer);
        synchronized (this) {
            if (!taken.remove(resource)) {
                return;
            }
        }
        release(resource).ifPresent(failure -> warn(1, failure));
    }

    /// Gives everything back, the last taken first. After a fault on the device CUDA refuses all of it: that is said
    /// once.
    void freeAll() {
        List<Resource> rest;
        synchronized (this) {
            rest = new ArrayList<>(taken.reversed());
            taken.clear();
        }
        List<ExcitorException.NativeCall> failures =
                rest.stream().map(this::release).flatMap(Optional::stream).toList();
        if (!failures.isEmpty()) {
            warn(failures.size(), failures.getFirst());
        }
    }

    /// @return what kept it from being given back
    private Optional<ExcitorException.NativeCall> release(Resource resource) {
        try {
            switch (resource.kind()) {
                case DEVICE_MEMORY -> libraries.runtime().free(resource.pointer());
                case HOST_MEMORY -> libraries.runtime().freeHost(resource.pointer());
                case STREAM -> libraries.runtime().streamDestroy(resource.pointer());
                case EVENT -> libraries.runtime().eventDestroy(resource.pointer());
                case BLAS_HANDLE -> libraries.blas().destroy(resource.pointer());
            }
            return Optional.empty();
        } catch (ExcitorException.NativeCall failure) {
            return Optional.of(failure);
        }
    }

    private static void warn(int count, ExcitorException.NativeCall first) {
        LOG.log(
                System.Logger.Level.WARNING,
                "{0} of what was taken from the GPU could not be given back and may stay taken until the program ends:"
                        + " {1}",
                count,
                first.getMessage());
    }
}
