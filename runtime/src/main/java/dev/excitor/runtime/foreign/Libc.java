package dev.excitor.runtime.foreign;

import dev.excitor.runtime.ExcitorException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// The few functions of the C library that manage memory and what the process may use, as Linux declares them on
/// x86-64.
@SuppressWarnings("restricted") // this class is where the module manages native memory by itself
final class Libc {

    static final int PROT_READ = 1;
    static final int PROT_WRITE = 2;
    static final int PROT_EXEC = 4;

    private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final int MADV_HUGEPAGE = 14;

    private static final long SYS_ARCH_PRCTL = 158;
    private static final long ARCH_REQ_XCOMP_PERM = 0x1023;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final VarHandle ERRNO_FIELD =
            Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle MMAP = function(
            "mmap",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_LONG));

    private static final MethodHandle MPROTECT = function(
            "mprotect",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));

    private static final MethodHandle MUNMAP = function(
            "munmap", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

    private static final MethodHandle MADVISE = function(
            "madvise",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));

    /// A system call that the library has no function for.
    private static final MethodHandle SYSCALL = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("syscall"),
            FunctionDescriptor.of(
                    ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG),
            ERRNO,
            Linker.Option.firstVariadicArg(1));

    private Libc() {}

    private static MethodHandle function(String name, FunctionDescriptor type) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type, ERRNO);
    }

    /// Fresh zeroed pages of this process alone, readable and writable.
    static MemorySegment map(long bytes) {
        long address = call("mmap", state ->
                (long) MMAP.invokeExact(state, 0L, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L));
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }

    static void protect(MemorySegment pages, int protection) {
        call("mprotect", state -> (int) MPROTECT.invokeExact(state, pages.address(), pages.byteSize(), protection));
    }

    static void unmap(MemorySegment pages) {
        call("munmap", state -> (int) MUNMAP.invokeExact(state, pages.address(), pages.byteSize()));
    }

    /// Asks for huge pages where the system decides by request; it may answer that it knows none.
    static void adviseHugePages(MemorySegment pages) {
        try {
            call("madvise", state ->
                    (int) MADVISE.invokeExact(state, pages.address(), pages.byteSize(), MADV_HUGEPAGE));
        } catch (ExcitorException.NativeCall unknown) {
            // then its pages are of the ordinary size
        }
    }

    /// Asks that all threads of this process may use a part of the processor's state that is not everyone's.
    static void requestState(int component) {
        call("arch_prctl", state ->
                (long) SYSCALL.invokeExact(state, SYS_ARCH_PRCTL, ARCH_REQ_XCOMP_PERM, (long) component));
    }

    @FunctionalInterface
    private interface Call {
        long with(MemorySegment state) throws Throwable;
    }

    private static long call(String name, Call call) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
            long result = call.with(state);
            if (result == -1) {
                int errno = (int) ERRNO_FIELD.get(state, 0L);
                throw new ExcitorException.NativeCall(name, result, "errno " + errno + " (see errno(3))");
            }
            return result;
        } catch (RuntimeException | Error failure) {
            throw failure;
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
