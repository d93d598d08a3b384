package dev.excitor.runtime.kernel.cublas;

import dev.excitor.runtime.foreign.NativeLibrary;
import dev.excitor.runtime.foreign.NativeLibrary.Missing;
import dev.excitor.runtime.foreign.NativeLibrary.Present;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;

/// The CUDA runtime and cuBLAS of one version of CUDA, as found on this machine.
record CudaLibraries(CudaRuntime runtime, Cublas blas) {

    /// What a library of the tests exports, and none of NVIDIA's.
    static final String STAND_IN_MARK = "excitor_stand_in";

    /// Whether a library of the tests will do; only they say so.
    static volatile boolean acceptsStandIn;

    /// Newest first.
    static final List<Integer> VERSIONS = List.of(13, 12, 11);

    /// What looking for one version came to.
    sealed interface Found {}

    record Usable(CudaLibraries libraries) implements Found {}

    /// Nothing of it is here.
    record NotThere() implements Found {}

    /// @param reason what is wrong with what is here, a clause
    record Unusable(String reason) implements Found {}

    /// Looks for one version.
    ///
    /// @param version of CUDA
    /// @param folder  where the user says it is, itself or one below; empty for the usual places
    static Found find(int version, Optional<Path> folder) {
        List<Path> folders = folder.map(CudaLibraries::below).orElseGet(CudaLibraries::usual);
        boolean system = folder.isEmpty();
        NativeLibrary runtime = NativeLibrary.open(runtimeName(version), system, folders);
        if (runtime instanceof Missing missing) {
            return missing.found() ? new Unusable(missing.reason()) : new NotThere();
        }
        // what cuBLAS itself needs is beside it, where the system's loader need not look
        NativeLibrary inner = NativeLibrary.open("libcublasLt.so." + version, system, folders);
        NativeLibrary blas = NativeLibrary.open("libcublas.so." + version, system, folders);
        if (blas instanceof Missing missing) {
            String why = missing.found() && inner instanceof Missing needed ? ", and " + needed.reason() : "";
            return new Unusable(missing.reason() + why);
        }
        return bind((Present) runtime, (Present) blas);
    }

    private static Found bind(Present runtime, Present blas) {
        if (!acceptsStandIn && (runtime.has(STAND_IN_MARK) || blas.has(STAND_IN_MARK))) {
            return new Unusable(runtime.file() + " is a stand-in of Excitor's tests, which computes on no GPU");
        }
        try {
            return new Usable(new CudaLibraries(CudaRuntime.bind(runtime), Cublas.bind(blas)));
        } catch (NoSuchElementException incomplete) {
            return new Unusable(String.valueOf(incomplete.getMessage()));
        }
    }

    /// Version 11 has a minor number in its name, the same for all of them.
    static String runtimeName(int version) {
        return "libcudart.so." + (version == 11 ? "11.0" : version);
    }

    /// Where is looked, for people.
    static String places(Optional<Path> folder) {
        return NativeLibrary.places(
                folder.isEmpty(), folder.map(CudaLibraries::below).orElseGet(CudaLibraries::usual));
    }

    private static List<Path> below(Path folder) {
        return List.of(folder, folder.resolve("lib64"), folder.resolve("lib"));
    }

    /// Folders of the installers of NVIDIA and of distributions, newest version first, that exist.
    private static List<Path> usual() {
        List<Path> folders = new ArrayList<>();
        folders.add(Path.of("/usr/local/cuda/lib64"));
        try (DirectoryStream<Path> versions = Files.newDirectoryStream(Path.of("/usr/local"), "cuda-*")) {
            List<Path> found = new ArrayList<>();
            versions.forEach(found::add);
            found.sort(Comparator.reverseOrder());
            found.forEach(version -> folders.add(version.resolve("lib64")));
        } catch (IOException none) {
            // there is nothing to list
        }
        folders.add(Path.of("/opt/cuda/lib64"));
        folders.add(Path.of("/usr/lib/x86_64-linux-gnu"));
        folders.add(Path.of("/usr/lib/aarch64-linux-gnu"));
        folders.add(Path.of("/usr/lib64"));
        return folders.stream().filter(Files::isDirectory).toList();
    }
}
