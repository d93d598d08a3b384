package dev.excitor.cli;

import java.util.Locale;

/// Numbers as a person reads them.
public final class Sizes {

    private Sizes() {}

    /// `763.2 MiB`.
    public static String bytes(long bytes) {
        if (bytes < 1 << 10) {
            return bytes + " bytes";
        }
        if (bytes < 1 << 20) {
            return String.format(Locale.ROOT, "%.1f KiB", bytes / 1024.0);
        }
        if (bytes < 1 << 30) {
            return String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20));
        }
        return String.format(Locale.ROOT, "%.2f GiB", bytes / (double) (1 << 30));
    }

    /// `1.24 B` for 1,235,814,432 weights.
    public static String count(long count) {
        if (count < 1_000_000) {
            return String.format(Locale.ROOT, "%,d", count);
        }
        return count < 1_000_000_000
                ? String.format(Locale.ROOT, "%.2f M", count / 1e6)
                : String.format(Locale.ROOT, "%.2f B", count / 1e9);
    }
}
