package dev.excitor.loaders.pytorch;

import dev.excitor.loaders.tensors.TensorFile;
import dev.excitor.runtime.ExcitorException.Unsupported;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/// Says of a bare PyTorch file what it is, for it is no model: settings and vocabulary lie beside it. Readers of
/// directories open such files themselves.
public final class TorchReader implements CheckpointReader {

    private static final byte[] ZIP = {'P', 'K', 3, 4};
    private static final List<String> SUFFIXES = List.of(".pth", ".pt", ".bin");

    /// The trained tensors of LLaMA-Adapter, bare or inside a training checkpoint.
    private static final Pattern ADAPTER_QUERY = Pattern.compile("(.*\\.)?adapter_query\\.weight");

    private static final Pattern ADAPTER_GATE = Pattern.compile("(.*\\.)?layers\\.[0-9]+\\.attention\\.gate");

    /// Also what the loader of services calls.
    public TorchReader() {}

    @Override
    public String formatName() {
        return "PyTorch files inside such a directory";
    }

    @Override
    public boolean recognises(Path path) {
        if (!Files.isRegularFile(path)) {
            return false;
        }
        String name = String.valueOf(path.getFileName());
        if (SUFFIXES.stream().anyMatch(name::endsWith)) {
            return true;
        }
        try (InputStream in = Files.newInputStream(path)) {
            return Arrays.equals(in.readNBytes(ZIP.length), ZIP);
        } catch (IOException unreadable) {
            return false;
        }
    }

    /// @throws Unsupported always, with what the file holds
    @Override
    public Checkpoint read(Path path, Memory memory) {
        try (TensorFile file = TorchFile.open(path, Memory.MAPPED)) {
            boolean isAdapter = file.tensors().keySet().stream()
                    .anyMatch(name -> ADAPTER_QUERY.matcher(name).matches()
                            || ADAPTER_GATE.matcher(name).matches());
            if (isAdapter) {
                throw new Unsupported(
                        path + ": a LLaMA-Adapter, whose prompts have keys, values and a softmax of their own,",
                        List.of("LLaMA-Excitor adapters, which change the keys of tokens"));
            }
            throw new Unsupported(
                    "%s: a PyTorch file of %d tensors without settings and vocabulary (open the directory that it lies in)"
                            .formatted(path, file.tensors().size()),
                    List.of("directories with params.json or config.json"));
        }
    }
}
