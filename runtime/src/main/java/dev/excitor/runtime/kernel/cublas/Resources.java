package dev.excitor.runtime.kernel.cublas;

import dev.excitor.runtime.ExcitorException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
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
        release(resource);
    }

    /// Gives everything back, the last taken first.
    void freeAll() {
        List<Resource> rest;
        synchronized (this) {
            rest = new ArrayList<>(taken.reversed());
            taken.clear();
        }
        rest.forEach(this::release);
    }

    private void release(Resource resource) {
        try {
            switch (resource.kind()) {
                case DEVICE_MEMORY -> libraries.runtime().free(resource.pointer());
                case HOST_MEMORY -> libraries.runtime().freeHost(resource.pointer());
                case STREAM -> libraries.runtime().streamDestroy(resource.pointer());
                case EVENT -> libraries.runtime().eventDestroy(resource.pointer());
                case BLAS_HANDLE -> libraries.blas().destroy(resource.pointer());
            }
        } catch (ExcitorException.NativeCall failure) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "What was taken from the GPU could not be given back and stays taken until the program ends: {0}",
                    failure.getMessage());
        }
    }
}
