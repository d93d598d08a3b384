package dev.excitor.runtime.kernel.cublas;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.foreign.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `cuda_runtime_api.h`, as far as it is used: functions that versions 11, 12 and 13 declare alike. Pointers and sizes
/// are `long`, handles too. A status that is not 0 is thrown.
record CudaRuntime(
        String file,
        MethodHandle cudaGetErrorString,
        MethodHandle cudaGetLastError,
        MethodHandle cudaRuntimeGetVersion,
        MethodHandle cudaDriverGetVersion,
        MethodHandle cudaGetDeviceCount,
        MethodHandle cudaGetDeviceProperties,
        MethodHandle cudaDeviceGetAttribute,
        MethodHandle cudaMemGetInfo,
        MethodHandle cudaMalloc,
        MethodHandle cudaFree,
        MethodHandle cudaHostAlloc,
        MethodHandle cudaFreeHost,
        MethodHandle cudaMemcpyAsync,
        MethodHandle cudaStreamCreateWithFlags,
        MethodHandle cudaStreamWaitEvent,
        MethodHandle cudaStreamDestroy,
        MethodHandle cudaEventCreateWithFlags,
        MethodHandle cudaEventRecord,
        MethodHandle cudaEventSynchronize,
        MethodHandle cudaEventDestroy,
        MethodHandle cudaDeviceSynchronize) {

    /// `cudaErrorMemoryAllocation`, after which everything else goes on working.
    static final int OUT_OF_MEMORY = 2;

    private static final int TO_DEVICE = 1;
    private static final int TO_HOST = 2;
    private static final int STREAM_NON_BLOCKING = 1;
    private static final int EVENT_DISABLE_TIMING = 2;
    private static final int CAPABILITY_MAJOR = 75;
    private static final int CAPABILITY_MINOR = 76;

    /// Larger than `cudaDeviceProp` of any version, which begins with the name of the device.
    private static final int PROPERTIES_BYTES = 1 << 14;

    private static final int NAME_BYTES = 256;

    /// @throws NoSuchElementException naming a function that the library lacks
    static CudaRuntime bind(NativeLibrary.Present library) {
        return new CudaRuntime(
                library.file(),
                library.function("cudaGetErrorString", FunctionDescriptor.of(ADDRESS, JAVA_INT)),
                status(library, "cudaGetLastError"),
                status(library, "cudaRuntimeGetVersion", JAVA_LONG),
                status(library, "cudaDriverGetVersion", JAVA_LONG),
                status(library, "cudaGetDeviceCount", JAVA_LONG),
                status(library, propertiesName(library), JAVA_LONG, JAVA_INT),
                status(library, "cudaDeviceGetAttribute", JAVA_LONG, JAVA_INT, JAVA_INT),
                status(library, "cudaMemGetInfo", JAVA_LONG, JAVA_LONG),
                status(library, "cudaMalloc", JAVA_LONG, JAVA_LONG),
                status(library, "cudaFree", JAVA_LONG),
                status(library, "cudaHostAlloc", JAVA_LONG, JAVA_LONG, JAVA_INT),
                status(library, "cudaFreeHost", JAVA_LONG),
                status(library, "cudaMemcpyAsync", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG),
                status(library, "cudaStreamCreateWithFlags", JAVA_LONG, JAVA_INT),
                status(library, "cudaStreamWaitEvent", JAVA_LONG, JAVA_LONG, JAVA_INT),
                status(library, "cudaStreamDestroy", JAVA_LONG),
                status(library, "cudaEventCreateWithFlags", JAVA_LONG, JAVA_INT),
                status(library, "cudaEventRecord", JAVA_LONG, JAVA_LONG),
                status(library, "cudaEventSynchronize", JAVA_LONG),
                status(library, "cudaEventDestroy", JAVA_LONG),
                status(library, "cudaDeviceSynchronize"));
    }

    private static MethodHandle status(NativeLibrary.Present library, String name, MemoryLayout... arguments) {
        return library.function(name, FunctionDescriptor.of(JAVA_INT, arguments));
    }

    /// Version 12 has one for its larger structure beside that for the structure of version 11.
    private static String propertiesName(NativeLibrary.Present library) {
        String larger = "cudaGetDeviceProperties_v2";
        return library.has(larger) ? larger : "cudaGetDeviceProperties";
    }

    /// `12.4` for 12040.
    static String version(int number) {
        return number / 1000 + "." + number % 1000 / 10;
    }

    int runtimeVersion() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_INT);
            check("cudaRuntimeGetVersion", (int) cudaRuntimeGetVersion.invokeExact(out.address()));
            return out.get(JAVA_INT, 0);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int driverVersion() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_INT);
            check("cudaDriverGetVersion", (int) cudaDriverGetVersion.invokeExact(out.address()));
            return out.get(JAVA_INT, 0);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int deviceCount() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_INT);
            check("cudaGetDeviceCount", (int) cudaGetDeviceCount.invokeExact(out.address()));
            return out.get(JAVA_INT, 0);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    String deviceName(int device) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(PROPERTIES_BYTES, 16);
            check("cudaGetDeviceProperties", (int) cudaGetDeviceProperties.invokeExact(out.address(), device));
            return out.asSlice(0, NAME_BYTES).getString(0);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /// `9.0`.
    String computeCapability(int device) {
        return attribute(CAPABILITY_MAJOR, device) + "." + attribute(CAPABILITY_MINOR, device);
    }

    private int attribute(int attribute, int device) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_INT);
            check("cudaDeviceGetAttribute", (int) cudaDeviceGetAttribute.invokeExact(out.address(), attribute, device));
            return out.get(JAVA_INT, 0);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /// @param free  bytes that nobody has taken
    /// @param total bytes of the device
    record Memory(long free, long total) {}

    Memory memory() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG, 2);
            check("cudaMemGetInfo", (int) cudaMemGetInfo.invokeExact(out.address(), out.address() + 8));
            return new Memory(out.get(JAVA_LONG, 0), out.get(JAVA_LONG, 8));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long malloc(long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            check("cudaMalloc", (int) cudaMalloc.invokeExact(out.address(), bytes));
            return out.get(JAVA_LONG, 0);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /// Memory of the host that the device reaches by itself.
    long hostAlloc(long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            check("cudaHostAlloc", (int) cudaHostAlloc.invokeExact(out.address(), bytes, 0));
            return out.get(JAVA_LONG, 0);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long streamCreate() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            check("cudaStreamCreateWithFlags", (int)
                    cudaStreamCreateWithFlags.invokeExact(out.address(), STREAM_NON_BLOCKING));
            return out.get(JAVA_LONG, 0);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long eventCreate() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            check("cudaEventCreateWithFlags", (int)
                    cudaEventCreateWithFlags.invokeExact(out.address(), EVENT_DISABLE_TIMING));
            return out.get(JAVA_LONG, 0);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    void copyToDevice(long target, long source, long bytes, long stream) {
        try {
            check("cudaMemcpyAsync", (int) cudaMemcpyAsync.invokeExact(target, source, bytes, TO_DEVICE, stream));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    void copyToHost(long target, long source, long bytes, long stream) {
        try {
            check("cudaMemcpyAsync", (int) cudaMemcpyAsync.invokeExact(target, source, bytes, TO_HOST, stream));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /// What was put into the stream so far is done when the event is.
    void record(long event, long stream) {
        try {
            check("cudaEventRecord", (int) cudaEventRecord.invokeExact(event, stream));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /// What is put into the stream from now on begins when the event is done.
    void streamWait(long stream, long event) {
        try {
            check("cudaStreamWaitEvent", (int) cudaStreamWaitEvent.invokeExact(stream, event, 0));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    void synchronize(long event) {
        try {
            check("cudaEventSynchronize", (int) cudaEventSynchronize.invokeExact(event));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    void deviceSynchronize() {
        try {
            check("cudaDeviceSynchronize", (int) cudaDeviceSynchronize.invokeExact());
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    void free(long pointer) {
        release("cudaFree", cudaFree, pointer);
    }

    void freeHost(long pointer) {
        release("cudaFreeHost", cudaFreeHost, pointer);
    }

    void streamDestroy(long stream) {
        release("cudaStreamDestroy", cudaStreamDestroy, stream);
    }

    void eventDestroy(long event) {
        release("cudaEventDestroy", cudaEventDestroy, event);
    }

    private void release(String function, MethodHandle handle, long what) {
        try {
            check(function, (int) handle.invokeExact(what));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private void check(String function, int status) {
        if (status != 0) {
            forgetError();
            throw new ExcitorException.NativeCall(function, status, meaning(status));
        }
    }

    /// So that what comes next does not report it again; errors that CUDA does not get over stay.
    private void forgetError() {
        try {
            int forgotten = (int) cudaGetLastError.invokeExact();
            assert forgotten >= 0;
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    @SuppressWarnings("restricted") // the text that CUDA returns is its own, and ends in a zero
    private String meaning(int status) {
        try {
            MemorySegment text = (MemorySegment) cudaGetErrorString.invokeExact(status);
            return text.address() == 0
                    ? "no meaning known"
                    : text.reinterpret(NAME_BYTES * 4L).getString(0);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /// What a method handle declares to throw, and what a call of C cannot.
    static RuntimeException unexpected(Throwable thrown) {
        return switch (thrown) {
            case RuntimeException exception -> exception;
            case Error error -> throw error;
            default -> new IllegalStateException(thrown);
        };
    }
}
