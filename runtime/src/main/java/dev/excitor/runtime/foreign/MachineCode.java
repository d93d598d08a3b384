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
/// The pages are written first and made executable afterwards, never both at once. Whoever calls has proved that
/// every address in the arguments is what the function expects.
public final class MachineCode implements AutoCloseable {

    private static final long PAGE = 4096;

    /// A class of its own, so that [#obstacle] can say what happens where native code may not be called at all.
    private static final class Native {

        /// One handle for all functions, with the address as its first argument, so that the compiler sees a
        /// constant.
        @SuppressWarnings("restricted") // this class is where the module calls native code
        static final MethodHandle CALL =
                Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));
    }

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

    /// Where the function is, for other machine code to call it.
    public long address() {
        requireOpen();
        return pages.address();
    }

    /// Calls the function; safe from several threads when their arguments are apart.
    public void call(Arguments arguments) {
        call(arguments.address());
    }

    /// The same with arguments that someone else wrote.
    public void call(MemorySegment arguments) {
        call(arguments.address());
    }

    private void call(long arguments) {
        requireOpen();
        try {
            Native.CALL.invokeExact(pages, arguments);
        } catch (RuntimeException | Error failure) {
            throw failure;
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("this machine code has been unmapped");
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
        } catch (RuntimeException refused) {
            return Optional.of("executable memory is refused: " + refused.getMessage());
        } catch (LinkageError denied) {
            Throwable cause = denied.getCause() == null ? denied : denied.getCause();
            return Optional.of("native functions cannot be called: " + cause.getMessage());
        }
    }
}
