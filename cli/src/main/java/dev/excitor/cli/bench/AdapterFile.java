package dev.excitor.cli.bench;

import java.nio.file.Path;

/// An adapter and how strong it is.
///
/// @param scale 1 as trained
public record AdapterFile(Path path, float scale) {

    /// `polite.gguf:0.5`, or the name alone at full strength.
    @Override
    public String toString() {
        return path.getFileName() + (scale == 1 ? "" : ":" + scale);
    }
}
