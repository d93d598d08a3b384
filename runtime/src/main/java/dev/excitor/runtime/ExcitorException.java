package dev.excitor.runtime;

import java.nio.file.Path;
import java.util.Collection;
import java.util.Locale;

/// Everything that can go wrong at run time for a reason outside the program: unchecked, typed, sealed.
///
/// Each message is one or two sentences that say where, what was expected, what was found and, where there is one, the
/// remedy. Programming errors (a null, a closed session, two threads in one session) stay the JDK's own exceptions.
public abstract sealed class ExcitorException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private ExcitorException(String message) {
        super(message);
    }

    /// A file whose bytes do not mean what its format says they must.
    public static final class MalformedFile extends ExcitorException {
        private static final long serialVersionUID = 1L;
        private final transient Path path;
        private final long offset;

        /// @param path   the file
        /// @param offset the byte where the trouble starts, or -1 where no single byte is to blame
        /// @param what   the field or key, what was expected and what was found
        public MalformedFile(Path path, long offset, String what) {
            super(offset < 0 ? "%s: %s".formatted(path, what) : "%s, byte %d: %s".formatted(path, offset, what));
            this.path = path;
            this.offset = offset;
        }

        public Path path() {
            return path;
        }

        public long offset() {
            return offset;
        }
    }

    /// A file that was sound when it was opened and has been truncated, replaced or changed since.
    public static final class FileChanged extends ExcitorException {
        private static final long serialVersionUID = 1L;

        public FileChanged(Path path, String expected, String found) {
            super(("%s changed while it was in use: expected %s, found %s. Open the model again, or open it with "
                            + "--no-mmap, which keeps the weights in memory.")
                    .formatted(path, expected, found));
        }
    }

    /// Something well-formed that this version does not know: a format, an architecture, a tokenizer, a setting.
    public static final class Unsupported extends ExcitorException {
        private static final long serialVersionUID = 1L;

        /// @param what  what was met, with its place
        /// @param known what could have stood there instead
        public Unsupported(String what, Collection<String> known) {
            super("%s is not supported; known are: %s.".formatted(what, String.join(", ", known)));
        }
    }

    /// Two things that must fit each other and do not: a tensor's shape, an adapter's base.
    public static final class Mismatch extends ExcitorException {
        private static final long serialVersionUID = 1L;

        public Mismatch(String what, String expected, String found) {
            super("%s: expected %s, found %s.".formatted(what, expected, found));
        }
    }

    /// An option or argument outside its range.
    public static final class InvalidOption extends ExcitorException {
        private static final long serialVersionUID = 1L;

        public InvalidOption(String option, String expected, Object found) {
            super("%s must be %s, but is %s.".formatted(option, expected, found));
        }
    }

    /// The session's context has no room for the tokens.
    public static final class ContextFull extends ExcitorException {
        private static final long serialVersionUID = 1L;

        public ContextFull(int used, int wanted, int capacity) {
            super(
                    ("The context is full: %d tokens are in it, %d more were given, and it holds %d. Use a larger context "
                                    + "(-c), a shorter prompt, or truncate the session.")
                            .formatted(used, wanted, capacity));
        }
    }

    /// Native memory that could not be had.
    public static final class OutOfMemory extends ExcitorException {
        private static final long serialVersionUID = 1L;

        public OutOfMemory(String what, long bytes, Throwable cause) {
            super(
                    "There is no memory for %s: %s were asked for. Use a smaller context (-c) or batch (-b), or an f16 cache."
                            .formatted(what, humanBytes(bytes)));
            initCause(cause);
        }

        private static String humanBytes(long bytes) {
            return bytes < 1 << 20
                    ? bytes + " bytes"
                    : String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20));
        }
    }

    /// Numbers that are not numbers: NaN or infinite weights or activations reached the output.
    public static final class NotFinite extends ExcitorException {
        private static final long serialVersionUID = 1L;

        public NotFinite(String where, String found) {
            super(
                    ("%s: expected finite numbers, found %s. The weights or the adapter are damaged, or the model needs a "
                                    + "wider range than its format has.")
                            .formatted(where, found));
        }
    }

    /// A native function that reported failure.
    public static final class NativeCall extends ExcitorException {
        private static final long serialVersionUID = 1L;

        private final String function;
        private final long status;

        public NativeCall(String function, long status, String meaning) {
            super("%s returned %d: %s.".formatted(function, status, meaning));
            this.function = function;
            this.status = status;
        }

        public String function() {
            return function;
        }

        public long status() {
            return status;
        }
    }
}
