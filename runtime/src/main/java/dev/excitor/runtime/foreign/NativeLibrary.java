package dev.excitor.runtime.foreign;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.Collectors;

/// A shared library that the user may have: there, or missing for a reason.
public sealed interface NativeLibrary {

    /// A library that has been loaded, for as long as the process lives: one that starts threads of its own cannot be
    /// unloaded safely.
    ///
    /// @param file what was loaded: a path, or a name that the system's loader knew
    record Present(String file, SymbolLookup symbols) implements NativeLibrary {

        public boolean has(String function) {
            return symbols.find(function).isPresent();
        }

        /// A function of the library.
        ///
        /// @throws NoSuchElementException when it has none of that name, naming both
        @SuppressWarnings("restricted") // this package is where the module calls native code
        public MethodHandle function(String name, FunctionDescriptor type) {
            return symbols.find(name)
                    .map(address -> Linker.nativeLinker().downcallHandle(address, type))
                    .orElseThrow(() -> new NoSuchElementException(file + " has no function " + name));
        }
    }

    /// @param reason a clause: `libcublas.so.12 was not found by the system's loader, nor in /usr/local/cuda/lib64`
    /// @param found  whether there is a file of that name, which cannot be used
    record Missing(String reason, boolean found) implements NativeLibrary {}

    /// Loads a library from the first place that has it.
    ///
    /// @param name    its file name: `libcublas.so.12`
    /// @param system  whether the system's loader is asked first, which knows `LD_LIBRARY_PATH` and its own folders
    /// @param folders where else it may be
    static NativeLibrary open(String name, boolean system, List<Path> folders) {
        try {
            if (system && load(name) instanceof Present found) {
                return found;
            }
            for (Path folder : folders) {
                Path file = folder.resolve(name).toAbsolutePath();
                if (Files.isRegularFile(file)) {
                    return load(file.toString());
                }
            }
            return new Missing(name + " was not found " + places(system, folders), false);
        } catch (IllegalCallerException denied) {
            return new Missing("native functions cannot be called: " + denied.getMessage(), true);
        }
    }

    @SuppressWarnings("restricted") // this package is where the module loads native code
    private static NativeLibrary load(String file) {
        try {
            return new Present(file, SymbolLookup.libraryLookup(file, Arena.global()));
        } catch (IllegalArgumentException refused) {
            return new Missing(file + " is no library that this system can load", true);
        }
    }

    /// The places that [#open] looks at, for people: `by the system's loader, nor in /opt/cuda/lib64`.
    static String places(boolean system, List<Path> folders) {
        String listed = folders.stream().map(Path::toString).collect(Collectors.joining(", "));
        if (!system) {
            return "in " + listed;
        }
        return "by the system's loader" + (listed.isEmpty() ? "" : ", nor in " + listed);
    }
}
