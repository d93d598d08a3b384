package dev.excitor.runtime.checkpoint;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;

/// The typed key/value part of a checkpoint. Look-ups cannot fail on a hostile file: the reader validated everything.
///
/// Each look-up throws [dev.excitor.runtime.ExcitorException.MalformedFile], naming file and key, when the key is there
/// with a value of another kind, or (the forms without Optional) when it is absent. Integers of every width and sign
/// are one kind and are range-checked into `long`; floats of both widths are one kind.
public interface Metadata {
    /// All keys, in file order.
    Set<String> keys();

    boolean has(String key);

    /// How a person would read the value: short, arrays cut after a few elements. For display only.
    String describe(String key);

    Optional<String> findString(String key);

    OptionalLong findLong(String key);

    OptionalDouble findDouble(String key);

    Optional<Boolean> findBoolean(String key);

    /// Strings of an array; the bytes of each are decoded as UTF-8 with malformed bytes replaced. See [#findBytes].
    Optional<List<String>> findStrings(String key);

    /// The raw bytes of each string of an array (tokens need not be valid UTF-8).
    Optional<List<byte[]>> findBytes(String key);

    /// How many strings an array has; 0 when the key is not there.
    default int countStrings(String key) {
        return findBytes(key).map(List::size).orElse(0);
    }

    Optional<long[]> findLongs(String key);

    Optional<float[]> findFloats(String key);

    String string(String key);

    long integer(String key);

    /// An integer that must lie in a range, or `absent` when the key is not there.
    int integer(String key, int absent, int min, int max);

    double number(String key, double absent);

    boolean bool(String key, boolean absent);
}
