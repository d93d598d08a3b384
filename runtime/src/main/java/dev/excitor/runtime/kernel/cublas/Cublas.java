package dev.excitor.runtime.kernel.cublas;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.foreign.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `cublas_api.h`, as far as it is used: functions that versions 11, 12 and 13 declare alike.
record Cublas(
        String file,
        MethodHandle cublasCreate,
        MethodHandle cublasDestroy,
        MethodHandle cublasGetProperty,
        MethodHandle cublasSetStream,
        MethodHandle cublasGemmEx) {

    private static final int OP_N = 0;
    private static final int OP_T = 1;
    private static final int CUDA_R_32F = 0;
    private static final int CUDA_R_16F = 2;
    private static final int COMPUTE_32F = 68;
    private static final int GEMM_DEFAULT = -1;

    /// @throws NoSuchElementException naming a function that the library lacks
    static Cublas bind(NativeLibrary.Present library) {
        return new Cublas(
                library.file(),
                status(library, "cublasCreate_v2", JAVA_LONG),
                status(library, "cublasDestroy_v2", JAVA_LONG),
                status(library, "cublasGetProperty", JAVA_INT, JAVA_LONG),
                status(library, "cublasSetStream_v2", JAVA_LONG, JAVA_LONG),
                status(
                        library,
                        "cublasGemmEx",
                        JAVA_LONG, // handle
                        JAVA_INT, // transa
                        JAVA_INT, // transb
                        JAVA_INT, // m
                        JAVA_INT, // n
                        JAVA_INT, // k
                        JAVA_LONG, // alpha
                        JAVA_LONG, // A
                        JAVA_INT, // Atype
                        JAVA_INT, // lda
                        JAVA_LONG, // B
                        JAVA_INT, // Btype
                        JAVA_INT, // ldb
                        JAVA_LONG, // beta
                        JAVA_LONG, // C
                        JAVA_INT, // Ctype
                        JAVA_INT, // ldc
                        JAVA_INT, // computeType
                        JAVA_INT)); // algo
    }

    private static MethodHandle status(NativeLibrary.Present library, String name, MemoryLayout... arguments) {
        return library.function(name, FunctionDescriptor.of(JAVA_INT, arguments));
    }

    long create() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            check("cublasCreate_v2", (int) cublasCreate.invokeExact(out.address()));
            return out.get(JAVA_LONG, 0);
        } catch (Throwable thrown) {
            throw CudaRuntime.unexpected(thrown);
        }
    }

    void destroy(long handle) {
        try {
            check("cublasDestroy_v2", (int) cublasDestroy.invokeExact(handle));
        } catch (Throwable thrown) {
            throw CudaRuntime.unexpected(thrown);
        }
    }

    /// `12.4.5`.
    String version() {
        return property(0) + "." + property(1) + "." + property(2);
    }

    ///  type 0, 1, 2 for a number of the version from the left
    private int property(int type) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_INT);
            check("cublasGetProperty", (int) cublasGetProperty.invokeExact(type, out.address()));
            return out.get(JAVA_INT, 0);
        } catch (Throwable thrown) {
            throw CudaRuntime.unexpected(thrown);
        }
    }

    void setStream(long handle, long stream) {
        try {
            check("cublasSetStream_v2", (int) cublasSetStream.invokeExact(handle, stream));
        } catch (Throwable thrown) {
            throw CudaRuntime.unexpected(thrown);
        }
    }

    /// `Y = X W^T`, or `dX = dY W`, all rows one behind the other: `W'[rows, cols]` and what it meets in f16, the
    /// result in f32, with sums in f32 and W's factor for alpha.
    ///
    /// cuBLAS counts columns first. To it W is `W^T[cols, rows]`, and these are `Y^T = W X^T`, with W as the transpose
    /// of what lies there, and `dX^T = W^T dY^T`, with W^T as it lies there.
    ///
    /// @param side which of the two
    /// @param n    rows of x
    /// @param zero address of a zero, f32, on the host
    /// @param x    X `[n, cols]` or dY `[n, rows]`
    /// @param y    Y `[n, rows]` or dX `[n, cols]`
    void multiply(long handle, Side side, int n, DeviceMatrix w, long x, long zero, long y) {
        int read = side.read(w);
        int made = side.made(w);
        try {
            int status = (int) cublasGemmEx.invokeExact(
                    handle,
                    side == Side.FORWARD ? OP_T : OP_N,
                    OP_N,
                    made,
                    n,
                    read,
                    w.factor().address(),
                    w.pointer(),
                    CUDA_R_16F,
                    w.cols(),
                    x,
                    CUDA_R_16F,
                    read,
                    zero,
                    y,
                    CUDA_R_32F,
                    made,
                    COMPUTE_32F,
                    GEMM_DEFAULT);
            check("cublasGemmEx", status);
        } catch (Throwable thrown) {
            throw CudaRuntime.unexpected(thrown);
        }
    }

    private static void check(String function, int status) {
        if (status != 0) {
            throw new ExcitorException.NativeCall(function, status, meaning(status));
        }
    }

    /// As `cublas_api.h` names them; a function that says so came with version 11.4.2 only.
    private static String meaning(int status) {
        return switch (status) {
            case 1 -> "the library is not initialized (CUBLAS_STATUS_NOT_INITIALIZED)";
            case 3 -> "resources could not be allocated (CUBLAS_STATUS_ALLOC_FAILED)";
            case 7 -> "an argument is not valid (CUBLAS_STATUS_INVALID_VALUE)";
            case 8 -> "the device lacks a feature (CUBLAS_STATUS_ARCH_MISMATCH)";
            case 11 -> "the device's memory could not be reached (CUBLAS_STATUS_MAPPING_ERROR)";
            case 13 -> "the program on the device failed (CUBLAS_STATUS_EXECUTION_FAILED)";
            case 14 -> "an internal operation failed (CUBLAS_STATUS_INTERNAL_ERROR)";
            case 15 -> "the operation is not supported (CUBLAS_STATUS_NOT_SUPPORTED)";
            case 16 -> "a license is missing (CUBLAS_STATUS_LICENSE_ERROR)";
            default -> "no meaning known";
        };
    }
}
