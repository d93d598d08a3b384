package dev.excitor.model.arch;

import dev.excitor.runtime.Engine;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.kernel.Place;
import dev.excitor.runtime.kernel.Regime;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Takes tensors out of a checkpoint by name, checks their shapes, chooses their kernels, and remembers which ones
/// nobody asked for.
public final class Binder {

    private final Checkpoint checkpoint;
    private final Engine engine;
    private final Set<String> leftovers = new LinkedHashSet<>();

    public Binder(Checkpoint checkpoint, Engine engine) {
        this.checkpoint = checkpoint;
        this.engine = engine;
        checkpoint.tensors().forEach(tensor -> leftovers.add(tensor.name()));
    }

    /// A matrix `NAME.weight` with its optional `NAME.bias`.
    public Linear linear(String name, int rows, int cols, Place place) {
        return linear(require(name + ".weight", new Shape(rows, cols)), bias(name + ".bias", rows), place);
    }

    /// A matrix under another tensor's data, such as an output tied to the embedding.
    public Linear linear(Tensor weights, @Nullable MemorySegment bias, Place place) {
        return new Linear(
                weights,
                bias,
                engine.kernels().choose(weights, Regime.DECODE, place),
                engine.kernels().choose(weights, Regime.PREFILL, place));
    }

    /// A tensor that must be there, in any format.
    public Tensor require(String name, Shape shape) {
        return find(name, shape)
                .orElseThrow(() -> new ExcitorException.MalformedFile(
                        checkpoint.path(), -1, "the tensor " + name + " (" + shape + ") is missing"));
    }

    /// A tensor that may be there.
    public Optional<Tensor> find(String name, Shape shape) {
        Optional<Tensor> found = checkpoint.find(name);
        found.ifPresent(tensor -> {
            if (!tensor.shape().equals(shape)) {
                throw new ExcitorException.Mismatch(
                        checkpoint.path() + ": tensor " + name,
                        shape.toString(),
                        tensor.shape().toString());
            }
            leftovers.remove(name);
        });
        return found;
    }

    /// A vector of f32 numbers that must be there.
    public MemorySegment vector(String name, int length) {
        return f32(require(name, Shape.vector(length)));
    }

    /// A vector of f32 numbers that may be there.
    public Optional<MemorySegment> findVector(String name, int length) {
        return find(name, Shape.vector(length)).map(this::f32);
    }

    private @Nullable MemorySegment bias(String name, int length) {
        return findVector(name, length).orElse(null);
    }

    private MemorySegment f32(Tensor tensor) {
        if (!tensor.format().name().equals("F32")) {
            throw new ExcitorException.Mismatch(
                    checkpoint.path() + ": tensor " + tensor.name(),
                    "F32 numbers",
                    tensor.format().name());
        }
        return tensor.data();
    }

    /// Names of tensors that were not asked for, in file order: listed, not fatal.
    public List<String> leftovers() {
        return List.copyOf(leftovers);
    }
}
