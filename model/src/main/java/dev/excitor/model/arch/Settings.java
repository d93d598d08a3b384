package dev.excitor.model.arch;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.Metadata;

/// Numbers of one architecture's metadata, `PREFIX.key`, each checked against its range when it is read.
public final class Settings {

    private final Checkpoint checkpoint;
    private final String prefix;

    public Settings(Checkpoint checkpoint, String prefix) {
        this.checkpoint = checkpoint;
        this.prefix = prefix;
    }

    public Metadata metadata() {
        return checkpoint.metadata();
    }

    public String key(String name) {
        return prefix + "." + name;
    }

    public boolean has(String name) {
        return metadata().has(key(name));
    }

    /// An integer that must be there.
    public int integer(String name, int min, int max) {
        return inRange(name, metadata().integer(key(name)), min, max);
    }

    /// An integer that has a default.
    public int integerOr(String name, int absent, int min, int max) {
        return has(name) ? integer(name, min, max) : absent;
    }

    private int inRange(String name, long found, int min, int max) {
        if (found < min || found > max) {
            throw malformed(name, "an integer from " + min + " to " + max, String.valueOf(found));
        }
        return (int) found;
    }

    /// A finite positive number that must be there.
    public float positive(String name) {
        if (!has(name)) {
            throw malformed(name, "a positive number", "no such key");
        }
        return positiveOr(name, Float.NaN);
    }

    /// A finite positive number that has a default.
    public float positiveOr(String name, float absent) {
        return positive(name, metadata().number(key(name), absent));
    }

    private float positive(String name, double found) {
        // as the float that is computed with: a smaller double would become 0
        float number = (float) found;
        if (!(number > 0 && number <= Float.MAX_VALUE)) {
            throw malformed(name, "a finite positive number", String.valueOf(found));
        }
        return number;
    }

    /// A finite number that has a default.
    public float finiteOr(String name, float absent) {
        double found = metadata().number(key(name), absent);
        if (!Float.isFinite((float) found)) {
            throw malformed(name, "a finite number", String.valueOf(found));
        }
        return (float) found;
    }

    /// The exception for a key whose value cannot be.
    public ExcitorException.MalformedFile malformed(String name, String expected, String found) {
        return new ExcitorException.MalformedFile(
                checkpoint.path(), -1, "%s: expected %s, found %s".formatted(key(name), expected, found));
    }
}
