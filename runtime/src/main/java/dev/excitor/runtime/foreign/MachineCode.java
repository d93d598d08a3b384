package dev.excitor.runtime.foreign;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.Optional;

/// A function that Java wrote itself, in executable memory: `void f(long arguments)` in the System V calling
/// convention, where `arguments` is the address of whatever the function reads and writes.
///
/// The pages are written first and made executable afterwards, never both at once. Whoever calls has proved that every
/// address in the arguments is what the function expects.
public final class MachineCode implements AutoCloseable {

    private static final long PAGE = 4096;

    /// One handle for all functions, with the address as its first argument, so that the compiler sees a constant.
    @SuppressWarnings("restricted") // this class is where the module calls native code
    private static final MethodHandle CALL =
            Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));

    private final MemorySegment pages;
    private boolean closed;

    /// @param code position-independent, with its constants
    /// @throws dev.excitor.runtime.ExcitorException.NativeCall where the system refuses
    public MachineCode(byte[] code) {
        long bytes = (code.length + PAGE - 1) / PAGE * PAGE;
        pages = Libc.map(bytes);
        try {
            MemorySegment.copy(code, 0, pages, ValueLayout.JAVA_BYTE, 0, code.length);
            Libc.protect(pages, Libc.PROT_READ | Libc.PROT_EXEC);
        } catch (RuntimeException | Error failure) {
            Libc.unmap(pages);
            throw failure;
        }
    }

    /// Calls the function; safe from several threads when their arguments are apart.
    public void call(MemorySegment arguments) {
        if (closed) {
            throw new IllegalStateException("this machine code has been unmapped");
        }
        try {
            CALL.invokeExact(pages, arguments.address());
        } catch (RuntimeException | Error failure) {
            throw failure;
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// Unmaps the code. Nothing may be running in it. Closing twice is fine.
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            Libc.unmap(pages);
        }
    }

    /// Why machine code cannot run in this process; empty where it can.
    public static Optional<String> obstacle() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch");
        if (!os.contains("linux") || !(arch.equals("amd64") || arch.equals("x86_64"))) {
            return Optional.of("kernels are assembled for Linux on x86-64, and this is " + os + " on " + arch);
        }
        byte[] ret = {(byte) 0xc3};
        try (MachineCode nothing = new MachineCode(ret)) {
            nothing.call(MemorySegment.NULL);
            return Optional.empty();
        } catch (RuntimeException | LinkageError refused) {
            Throwable cause = refused.getCause() == null ? refused : refused.getCause();
            return Optional.of("executable memory is refused: " + cause.getMessage());
        }
    }
}
