package dev.excitor.runtime.kernel.cublas;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.GpuOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;

/// The library of `cuda_stand_in.c`, compiled once and loaded as what CUDA 12 is called. Tests skip, and say so, where
/// there is no C compiler.
@SuppressWarnings("restricted") // loads and calls what it has compiled itself
final class StandIn {

    /// More than any test takes.
    static final long PLENTY = 1L << 40;

    private static final System.Logger LOG = System.getLogger(StandIn.class.getName());

    private static final Optional<StandIn> SHARED = compile();

    private final Path folder;
    private final SymbolLookup library;

    private StandIn(Path folder, Path library) {
        this.folder = folder;
        this.library = SymbolLookup.libraryLookup(library, Arena.global());
    }

    /// The library, reset: lazy, with plenty of memory, and failing nowhere. From here on the product accepts it.
    static StandIn require() {
        Assumptions.assumeTrue(SHARED.isPresent(), "there is no C compiler for the stand-in");
        CudaLibraries.acceptsStandIn = true;
        SHARED.get().reset(PLENTY, false);
        return SHARED.get();
    }

    private static Optional<StandIn> compile() {
        try (InputStream source = StandIn.class.getResourceAsStream("cuda_stand_in.c")) {
            Path folder = Files.createTempDirectory("excitor-stand-in");
            folder.toFile().deleteOnExit();
            Path file = folder.resolve("cuda_stand_in.c");
            Files.copy(source, file);
            Path library = folder.resolve("libcudart.so.12");
            Process compiler = new ProcessBuilder(
                            "cc",
                            "-O2",
                            "-fPIC",
                            "-shared",
                            "-pthread",
                            "-Wall",
                            "-Werror",
                            "-o",
                            library.toString(),
                            file.toString())
                    .redirectErrorStream(true)
                    .start();
            String said = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(compiler.waitFor()).as(said).isZero();
            Path blas = Files.createSymbolicLink(folder.resolve("libcublas.so.12"), library);
            List.of(file, library, blas).forEach(made -> made.toFile().deleteOnExit());
            return Optional.of(new StandIn(folder, library));
        } catch (IOException absent) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "SKIPPED: the tests of cuBLAS need a C compiler called cc ({0})",
                    absent.getMessage());
            return Optional.empty();
        } catch (InterruptedException e) {
            throw new UncheckedIOException(new IOException(e));
        }
    }

    /// Where it is found, all layers, from one row of activations on.
    GpuOptions options() {
        return GpuOptions.none().withLayers(99).withRows(1).withCuda(folder);
    }

    Path folder() {
        return folder;
    }

    void reset(long memory, boolean eager) {
        call("stand_in_reset", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT), memory, eager ? 1 : 0);
    }

    /// Lets calls fail, by their numbers since the reset.
    void fail(long from, long to, int status) {
        call("stand_in_fail", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG, JAVA_INT), from, to, status);
    }

    void devices(int count) {
        call("stand_in_devices", FunctionDescriptor.ofVoid(JAVA_INT), count);
    }

    /// Lets one number of each product from one side be wrong.
    void miscount(Side side) {
        call("stand_in_miscount", FunctionDescriptor.ofVoid(JAVA_INT), side == Side.FORWARD ? 1 : 0);
    }

    long calls() {
        return number("stand_in_calls");
    }

    long deviceBytes() {
        return number("stand_in_device_bytes");
    }

    /// Device memory, host memory, streams, events and handles that have not been given back.
    List<Long> live() {
        return IntStream.range(0, 5)
                .mapToObj(kind -> (Long) result("stand_in_live", FunctionDescriptor.of(JAVA_LONG, JAVA_INT), kind))
                .toList();
    }

    /// What was wrong with a call; empty if nothing was.
    String fault() {
        return text("stand_in_fault");
    }

    /// Which function failed because it was told to.
    String failedFunction() {
        return text("stand_in_failed_function");
    }

    private long number(String function) {
        return (Long) result(function, FunctionDescriptor.of(JAVA_LONG));
    }

    private String text(String function) {
        MemorySegment text = (MemorySegment) result(function, FunctionDescriptor.of(ADDRESS));
        return text.reinterpret(512).getString(0);
    }

    private void call(String function, FunctionDescriptor type, Object... arguments) {
        invoke(function, type, arguments);
    }

    private Object result(String function, FunctionDescriptor type, Object... arguments) {
        assertThat(type.returnLayout().map(MemoryLayout::byteSize)).isPresent();
        return invoke(function, type, arguments);
    }

    @SuppressWarnings("NullAway") // void functions return null to those who do not ask
    private Object invoke(String function, FunctionDescriptor type, Object... arguments) {
        try {
            return Linker.nativeLinker()
                    .downcallHandle(library.find(function).orElseThrow(), type)
                    .invokeWithArguments(arguments);
        } catch (Throwable thrown) {
            throw new AssertionError(function, thrown);
        }
    }
}
