package dev.excitor.train;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.GpuOptions;
import dev.excitor.runtime.kernel.Kernels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/// The stand-in for CUDA that the tests of `runtime` have, for training: compiled once from their source.
@SuppressWarnings("restricted") // loads and calls what it has compiled itself
public final class GpuStandIn {

    private static final System.Logger LOG = System.getLogger(GpuStandIn.class.getName());

    private static final String SOURCE = "runtime/src/test/resources/dev/excitor/runtime/kernel/cublas/cuda_stand_in.c";

    private static final Optional<GpuStandIn> SHARED = compile();

    private final Path folder;
    private final SymbolLookup library;

    private GpuStandIn(Path folder, Path library) {
        this.folder = folder;
        this.library = SymbolLookup.libraryLookup(library, Arena.global());
    }

    /// The library, reset; from here on the product accepts it. Skips the test where it cannot be made.
    public static GpuStandIn require() {
        return require(false);
    }

    /// @param eager whether streams do at once what they are told, instead of when somebody waits
    static GpuStandIn require(boolean eager) {
        Assumptions.assumeTrue(SHARED.isPresent(), "there is no C compiler for the stand-in, or no source of it");
        try {
            Field accepts = Class.forName("dev.excitor.runtime.kernel.cublas.CudaLibraries")
                    .getDeclaredField("acceptsStandIn");
            accepts.setAccessible(true);
            accepts.setBoolean(null, true);
        } catch (ReflectiveOperationException gone) {
            throw new LinkageError("the switch of the stand-in is gone", gone);
        }
        GpuStandIn standIn = SHARED.get();
        standIn.invoke("stand_in_reset", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT), 1L << 40, eager ? 1 : 0);
        return standIn;
    }

    private static Optional<GpuStandIn> compile() {
        Path here = Path.of("").toAbsolutePath();
        Optional<Path> source = Stream.iterate(here, Objects::nonNull, Path::getParent)
                .map(above -> above.resolve(SOURCE))
                .filter(Files::exists)
                .findFirst();
        try {
            Path folder = Files.createTempDirectory("excitor-stand-in");
            Path library = folder.resolve("libcudart.so.12");
            Process compiler = new ProcessBuilder(
                            "cc",
                            "-O2",
                            "-fPIC",
                            "-shared",
                            "-pthread",
                            "-o",
                            library.toString(),
                            source.map(Path::toString).orElse(SOURCE))
                    .redirectErrorStream(true)
                    .start();
            String said = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (compiler.waitFor() != 0) {
                throw new IOException(said);
            }
            Path blas = Files.createSymbolicLink(folder.resolve("libcublas.so.12"), library);
            Stream.of(folder, library, blas).forEach(made -> made.toFile().deleteOnExit());
            return Optional.of(new GpuStandIn(folder, library));
        } catch (IOException absent) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "SKIPPED: the tests of models on a GPU need a C compiler called cc ({0})",
                    absent.getMessage());
            return Optional.empty();
        } catch (InterruptedException e) {
            throw new UncheckedIOException(new IOException(e));
        }
    }

    /// Two threads and plain kernels on the CPU, and all layers on the device for passes of 4 tokens and more.
    public EngineOptions options() {
        return cpu().withGpu(GpuOptions.none().withLayers(99).withRows(4).withCuda(folder));
    }

    /// The same without the device.
    public static EngineOptions cpu() {
        return new EngineOptions(2, Kernels.Tier.SCALAR, 0);
    }

    /// Lets one call fail, by its number since the reset.
    void fail(long call) {
        invoke("stand_in_fail", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG, JAVA_INT), call, call, 719);
    }

    /// Products with a matrix as it is, which are those of the way back.
    public long productsBack() {
        return (Long) invoke("stand_in_products", FunctionDescriptor.of(JAVA_LONG, JAVA_INT), 0);
    }

    /// Which function failed because it was told to.
    String failedFunction() {
        return text("stand_in_failed_function");
    }

    public long calls() {
        return (Long) invoke("stand_in_calls", FunctionDescriptor.of(JAVA_LONG));
    }

    long deviceBytes() {
        return (Long) invoke("stand_in_device_bytes", FunctionDescriptor.of(JAVA_LONG));
    }

    /// Everything that has been taken and not given back.
    public long live() {
        long all = 0;
        for (int kind = 0; kind < 5; kind++) {
            all += (Long) invoke("stand_in_live", FunctionDescriptor.of(JAVA_LONG, JAVA_INT), kind);
        }
        return all;
    }

    /// What was wrong with a call; empty if nothing was.
    public String fault() {
        return text("stand_in_fault");
    }

    private String text(String function) {
        MemorySegment text = (MemorySegment) invoke(function, FunctionDescriptor.of(ADDRESS));
        return text.reinterpret(512).getString(0);
    }

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
