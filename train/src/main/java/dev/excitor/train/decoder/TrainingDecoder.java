package dev.excitor.train.decoder;

import dev.excitor.model.arch.Dimensions;
import dev.excitor.model.arch.Linear;
import dev.excitor.model.arch.llama.LlamaConfig;
import dev.excitor.model.arch.llama.LlamaWeights;
import dev.excitor.runtime.Engine;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.HostMemory;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.ops.Ops;
import dev.excitor.runtime.ops.RopeLayout;
import dev.excitor.runtime.team.Worker;
import dev.excitor.train.adapter.ExcitorGradient;
import dev.excitor.train.adapter.ExcitorParameters;
import dev.excitor.train.ops.LinearGradient;
import dev.excitor.train.ops.RmsNormGradient;
import dev.excitor.train.ops.RopeGradient;
import dev.excitor.train.ops.Sequences;
import dev.excitor.train.ops.SwiGluGradient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A LLaMA in training: whole sequences forward with the runtime's own products, and the way back, through weights of
/// any format, to the parameters of an adapter, or to those of the model itself where somebody collects them
/// ([WeightGradients]).
///
/// With frozen weights the way back ends at the lowest layer that has a block, and layers below it keep nothing.
/// Gradients depend neither on the number of threads nor, but for rounding, on how sequences are put together. Used by
/// one thread at a time.
public final class TrainingDecoder implements AutoCloseable {

    private final LlamaConfig config;
    private final LlamaWeights weights;
    private final Engine engine;
    private final @Nullable WeightGradients trained;
    private final int lowest;
    private final int extraHeads;
    private final Arena arena;
    private final TrainingScratch s;
    private final LayerStates states;
    private final LayerForward forward;
    private final OutputLoss output;
    private final LinearGradient linear;
    private final RmsNormGradient norm;
    private final SwiGluGradient swiGlu;

    /// @param parameters of the adapter that is trained, or null
    /// @param trained    receives the gradients of the model's own weights, or null where they are frozen
    /// @param capacity   most tokens of a pass
    public TrainingDecoder(
            LlamaConfig config,
            LlamaWeights weights,
            Engine engine,
            @Nullable ExcitorParameters parameters,
            @Nullable WeightGradients trained,
            int capacity) {
        if (config.rope().layout() != RopeLayout.INTERLEAVED) {
            throw new ExcitorException.Unsupported(
                    "training a model whose query and key rows are in half-split order (excitor convert reorders them)",
                    List.of("models in GGUF"));
        }
        this.config = config;
        this.weights = weights;
        this.engine = engine;
        this.trained = trained;
        Dimensions dims = config.dims();
        this.lowest = trained != null ? 0 : parameters != null ? parameters.lowestLayer() : dims.layers();
        Ops ops = engine.ops();
        this.extraHeads = parameters == null ? 0 : ExcitorAttention.heads(parameters.config());
        requireMemory(bytes(config, lowest, extraHeads, capacity), capacity);
        this.arena = Arena.ofShared();
        try {
            this.s = new TrainingScratch(arena, config, weights, lowest, capacity, extraHeads, packings(weights));
            this.states = new LayerStates(arena, dims, lowest, capacity);
            ExcitorAttention excitor = parameters == null
                    ? null
                    : new ExcitorAttention(parameters, new ExcitorGradient(arena, parameters, ops, capacity), dims, s);
            this.forward = new LayerForward(config, weights, ops, s, excitor, extraHeads);
        } catch (OutOfMemoryError | ArithmeticException e) {
            arena.close();
            throw new ExcitorException.OutOfMemory(
                    "training with %d tokens at a time".formatted(capacity),
                    bytes(config, lowest, extraHeads, capacity),
                    e);
        } catch (RuntimeException | Error failure) {
            arena.close();
            throw failure;
        }
        this.output = new OutputLoss(config, weights, ops, s);
        this.linear = new LinearGradient(ops.gemm());
        this.norm = new RmsNormGradient(ops.gradients());
        this.swiGlu = new SwiGluGradient(ops.gradients());
    }

    /// A system that promises more than it has would kill the process later.
    private static void requireMemory(long bytes, int capacity) {
        HostMemory.ifLessThan(bytes).ifPresent(available -> {
            throw new ExcitorException.InvalidOption(
                    "the tokens that go through the model together (--length, --micro-tokens)",
                    "so few that their memory fits the %d MiB there are".formatted(available >> 20),
                    "%d, which need %d MiB".formatted(capacity, bytes >> 20));
        });
    }

    private static Set<Packing<?>> packings(LlamaWeights weights) {
        Set<Packing<?>> all = new LinkedHashSet<>();
        weights.layers().stream()
                .flatMap(l -> Stream.of(l.q(), l.k(), l.v(), l.o(), l.gate(), l.up(), l.down()))
                .forEach(matrix -> matrix.packings().forEach(all::add));
        weights.output().packings().forEach(all::add);
        return all;
    }

    /// Bytes that the way back keeps of each token: what grows with length and batch beside the working memory.
    public static long stateBytesPerToken(Dimensions dims, int lowestLayer) {
        return LayerStates.bytesPerToken(dims, lowestLayer);
    }

    /// Bytes of native memory that training with so many tokens at a time takes.
    static long bytes(LlamaConfig config, int lowest, int extraHeads, int capacity) {
        return TrainingScratch.bytes(config, capacity, extraHeads)
                + LayerStates.bytesPerToken(config.dims(), lowest) * capacity;
    }

    public int capacity() {
        return s.capacity;
    }

    /// The loss of each scored row, in order.
    public double[] losses(Sequences sequences) {
        return forwardOnly(sequences, null);
    }

    /// The logits of each scored row, in order.
    public float[][] logits(Sequences sequences) {
        float[][] rows = new float[sequences.scored()][];
        long bytes = 4L * config.dims().vocab();
        forwardOnly(sequences, (logits, first, count) -> {
            for (int i = 0; i < count; i++) {
                rows[first + i] = logits.asSlice(i * bytes, bytes).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
            }
        });
        return rows;
    }

    /// How much attention the adapter moves in each layer, from 0 (nothing, or no block) to 1: half the sum of the
    /// differences between the weights with the block's term and those of the same queries and keys without it, as a
    /// mean over rows and heads.
    public double[] attentionMoved(Sequences sequences) {
        begin(sequences);
        AttentionShift shift = new AttentionShift(engine.ops(), config.dims(), extraHeads);
        shift.begin(sequences);
        engine.team().run(w -> forward(w, sequences, false, shift));
        return shift.means();
    }

    private double[] forwardOnly(Sequences sequences, OutputLoss.@Nullable LogitsConsumer consumer) {
        int[] rows = begin(sequences);
        int[] targets = IntStream.of(rows).map(row -> sequences.targets()[row]).toArray();
        double[] losses = new double[rows.length];
        engine.team().run(w -> {
            forward(w, sequences, false, null);
            output.forward(w, rows, targets, losses, consumer);
        });
        return losses;
    }

    /// Adds the gradients of `weight` times the sum of the losses, and returns the loss of each scored row, in order.
    public double[] gradients(Sequences sequences, float weight) {
        int[] rows = begin(sequences);
        int[] targets = IntStream.of(rows).map(row -> sequences.targets()[row]).toArray();
        double[] losses = new double[rows.length];
        engine.team().run(w -> {
            forward(w, sequences, true, null);
            OutputLoss.clear(w, s.dx.data(), sequences.rows(), config.dims().width());
            w.barrier();
            output.backward(w, rows, targets, weight, losses, trained);
            for (int l = config.dims().layers() - 1; l >= lowest; l--) {
                layerBack(w, l, sequences);
            }
            if (trained != null) {
                trained.embedding(w, sequences.tokens(), s.dx.data(), sequences.rows());
                w.barrier();
            }
        });
        return losses;
    }

    private int[] begin(Sequences sequences) {
        int n = sequences.rows();
        if (n > s.capacity) {
            throw new ExcitorException.ContextFull(0, n, s.capacity);
        }
        int vocab = config.dims().vocab();
        for (int token : sequences.tokens()) {
            if (token < 0 || token >= vocab) {
                throw new ExcitorException.InvalidOption("a token", "from 0 to " + (vocab - 1), token);
            }
        }
        int[] targets = sequences.targets();
        for (int target : targets) {
            if (target != Sequences.UNSCORED && (target < 0 || target >= vocab)) {
                throw new ExcitorException.InvalidOption("a target", "from 0 to " + (vocab - 1), target);
            }
        }
        s.rows(n);
        return IntStream.range(0, n)
                .filter(row -> targets[row] != Sequences.UNSCORED)
                .toArray();
    }

    /// Hidden states in `x`; what the way back needs in the states, where there is one.
    private void forward(Worker w, Sequences sequences, boolean keep, @Nullable AttentionShift shift) {
        Dimensions dims = config.dims();
        int n = sequences.rows();
        embed(w, sequences);
        s.angles.fill(w, 0, sequences.longest());
        w.barrier();
        for (int l = 0; l < dims.layers(); l++) {
            boolean kept = keep && states.keeps(l);
            if (kept) {
                LayerForward.copyRows(w, s.x, states.x(l), n, dims.width());
            }
            forward.attentionInputs(w, l, sequences);
            if (shift != null && forward.excitor(l) != null) {
                shift.look(w, l, s.wideQ, s.wideK, sequences);
            }
            forward.attend(w, l, sequences, s.heads.data(), kept ? states.logSums(l) : s.y);
            if (kept) {
                LayerForward.copyRows(w, s.heads.data(), states.heads(l), n, dims.heads() * dims.valueDim());
            }
            forward.attentionOutput(w, l, n);
            if (kept) {
                LayerForward.copyRows(w, s.x, states.middle(l), n, dims.width());
            }
            forward.ffnInputs(w, l, n);
            forward.ffnOutput(w, l, n);
        }
    }

    private void embed(Worker w, Sequences sequences) {
        Tensor embedding = weights.embedding();
        int width = config.dims().width();
        int n = sequences.rows();
        float[] row = w.floats(width);
        for (int i = w.from(n, 1); i < w.to(n, 1); i++) {
            embedding.format().decode(embedding.data(), sequences.tokens()[i] * embedding.rowBytes(), row, 0, width);
            Blocks.copyF32(row, 0, s.x, 4L * i * width, width);
        }
    }

    /// From the gradient with respect to a layer's output, in dx, to that with respect to its input.
    private void layerBack(Worker w, int l, Sequences sequences) {
        Dimensions dims = config.dims();
        LlamaWeights.Layer layer = weights.layers().get(l);
        int n = sequences.rows();

        LayerForward.copyRows(w, states.middle(l), s.x, n, dims.width());
        w.barrier();
        forward.ffnInputs(w, l, n);
        linear.input(w, layer.down(), s.dx, s.dFfn, false); //         dffn   [n, F]
        if (trained != null) {
            forward.activate(w, n);
            w.barrier();
            trained.linear(w, l, WeightGradients.Matrix.DOWN, s.dx.data(), s.ffn.data(), n);
        }
        w.barrier();
        swiGlu.inputs(
                w, s.gate.data(), s.up.data(), s.dFfn, n, config.ffn()); //                 gate, up: their gradients
        w.barrier();
        into(w, l, WeightGradients.Matrix.GATE, layer.gate(), s.gate, false);
        into(w, l, WeightGradients.Matrix.UP, layer.up(), s.up, true);
        normBack(w, l, WeightGradients.Norm.FFN, layer.ffnNorm(), n); //            dx     [n, C]

        LayerForward.copyRows(w, states.x(l), s.x, n, dims.width());
        w.barrier();
        forward.attentionInputs(w, l, sequences);
        linear.input(w, layer.o(), s.dx, s.dHeads, false); //          dheads [n, H, dv]
        if (trained != null) {
            trained.linear(w, l, WeightGradients.Matrix.O, s.dx.data(), states.heads(l), n);
        }
        w.barrier();
        forward.attendBack(w, l, sequences, states.heads(l), states.logSums(l));
        ExcitorAttention excitor = forward.excitor(l);
        if (excitor != null) {
            excitor.narrow(w, l, sequences);
        } else {
            unrotate(w, sequences);
        }
        w.barrier();
        boolean goesOn = l > lowest || trained != null;
        if (goesOn) {
            into(w, l, WeightGradients.Matrix.Q, layer.q(), s.dq, false);
            into(w, l, WeightGradients.Matrix.K, layer.k(), s.dk, true);
            into(w, l, WeightGradients.Matrix.V, layer.v(), s.dv, true);
        }
        if (excitor != null) {
            excitor.backward(w, l, n, goesOn);
            w.barrier();
        }
        if (goesOn) {
            normBack(w, l, WeightGradients.Norm.ATTENTION, layer.attentionNorm(), n);
        }
    }

    /// `dh (+)= dY W`, and what the weights themselves are told. Ends with a barrier.
    private void into(Worker w, int l, WeightGradients.Matrix which, Linear matrix, Activations dy, boolean add) {
        linear.input(w, matrix, dy, s.dh, add);
        if (trained != null) {
            trained.linear(w, l, which, dy.data(), s.h.data(), dy.rows());
        }
        w.barrier();
    }

    /// `dx +=` what comes through a norm from dh. Ends with a barrier.
    private void normBack(Worker w, int l, WeightGradients.Norm which, MemorySegment weight, int n) {
        if (trained != null) {
            trained.norm(w, l, which, s.x, s.dh, n);
            w.barrier();
        }
        norm.input(
                w,
                s.x,
                weight,
                config.epsilon(),
                s.dh,
                s.dx.data(),
                n,
                config.dims().width());
        w.barrier();
    }

    /// Gradients of rotated, scaled queries and rotated keys to those of the products.
    private void unrotate(Worker w, Sequences sequences) {
        Dimensions dims = config.dims();
        LayerForward.scale(w, s.dq.data(), sequences.rows(), dims.queryWidth(), dims.scoreScale());
        w.barrier();
        for (int i = 0; i < sequences.count(); i++) {
            int start = sequences.start(i);
            int length = sequences.end(i) - start;
            MemorySegment dq = s.dq.data().asSlice(4L * start * dims.queryWidth());
            MemorySegment dk = s.dk.data().asSlice(4L * start * dims.keyWidth());
            RopeGradient.input(w, dq, length, dims.heads(), dims.keyDim(), s.angles);
            RopeGradient.input(w, dk, length, dims.kvHeads(), dims.keyDim(), s.angles);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
