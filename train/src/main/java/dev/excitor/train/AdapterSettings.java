package dev.excitor.train;

import dev.excitor.model.adapter.ExcitorConfig;
import dev.excitor.model.adapter.ExcitorConfig.ExtraKeyRope;
import dev.excitor.model.adapter.ExcitorConfig.GateActivation;
import dev.excitor.model.adapter.ExcitorConfig.GateShape;
import dev.excitor.model.adapter.ExcitorConfig.InnerHeads;
import dev.excitor.model.adapter.ExcitorConfig.Input;
import dev.excitor.model.adapter.ExcitorConfig.QueryRope;
import dev.excitor.model.adapter.ExcitorConfig.RopeLayout;
import dev.excitor.model.adapter.ExcitorConfig.Width;
import dev.excitor.model.arch.Dimensions;
import dev.excitor.runtime.ExcitorException;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// What a new adapter is like: every setting that its file names, and how its numbers begin. The defaults are the
/// paper's where it has any, and otherwise the reading of it that costs nothing when the adapter runs.
///
/// Immutable: each method named like a setting returns settings with that one changed.
///
/// @param layers         indices of the layers with a block; empty for the topmost N - 2 of N
/// @param promptLength   K
/// @param rank           r
/// @param innerScale     factor of the inner scores; empty for the automatic one
/// @param initialization how the numbers begin
public record AdapterSettings(
        List<Integer> layers,
        int promptLength,
        int rank,
        QueryRope queryRope,
        ExtraKeyRope extraKeyRope,
        InnerHeads innerHeads,
        Optional<Float> innerScale,
        GateShape gateShape,
        GateActivation gateActivation,
        Input input,
        Width width,
        RopeLayout ropeLayout,
        Initialization initialization) {

    private static final int MOST = 1 << 14;

    public AdapterSettings {
        if (promptLength < 1 || promptLength > MOST) {
            throw new ExcitorException.InvalidOption("the number of prompts", "from 1 to " + MOST, promptLength);
        }
        if (rank < 1 || rank > MOST) {
            throw new ExcitorException.InvalidOption("the rank", "from 1 to " + MOST, rank);
        }
        if (innerScale.isPresent() && !Float.isFinite(innerScale.get())) {
            throw new ExcitorException.InvalidOption("the inner scale", "a finite number", innerScale.get());
        }
    }

    public static AdapterSettings defaults() {
        return new AdapterSettings(
                List.of(),
                30,
                16,
                QueryRope.SHARED,
                ExtraKeyRope.NONE,
                InnerHeads.MULTI,
                Optional.empty(),
                GateShape.KV_HEAD,
                GateActivation.LINEAR,
                Input.POST_NORM,
                Width.KV,
                RopeLayout.INTERLEAVED,
                Initialization.defaults());
    }

    public AdapterSettings layers(List<Integer> value) {
        return new AdapterSettings(
                value,
                promptLength,
                rank,
                queryRope,
                extraKeyRope,
                innerHeads,
                innerScale,
                gateShape,
                gateActivation,
                input,
                width,
                ropeLayout,
                initialization);
    }

    public AdapterSettings promptLength(int value) {
        return new AdapterSettings(
                layers,
                value,
                rank,
                queryRope,
                extraKeyRope,
                innerHeads,
                innerScale,
                gateShape,
                gateActivation,
                input,
                width,
                ropeLayout,
                initialization);
    }

    public AdapterSettings rank(int value) {
        return new AdapterSettings(
                layers,
                promptLength,
                value,
                queryRope,
                extraKeyRope,
                innerHeads,
                innerScale,
                gateShape,
                gateActivation,
                input,
                width,
                ropeLayout,
                initialization);
    }

    public AdapterSettings initialization(Initialization value) {
        return new AdapterSettings(
                layers,
                promptLength,
                rank,
                queryRope,
                extraKeyRope,
                innerHeads,
                innerScale,
                gateShape,
                gateActivation,
                input,
                width,
                ropeLayout,
                value);
    }

    /// The settings as an adapter of a model has them.
    ///
    /// @param template the text of the prompts that it is trained on
    /// @throws ExcitorException.InvalidOption where the model has no such layer
    ExcitorConfig config(Dimensions model, Optional<String> template) {
        List<Integer> chosen = layers.isEmpty()
                ? IntStream.range(Math.min(2, model.layers() - 1), model.layers())
                        .boxed()
                        .toList()
                : layers.stream().distinct().sorted().toList();
        if (chosen.getFirst() < 0 || chosen.getLast() >= model.layers()) {
            throw new ExcitorException.InvalidOption(
                    "the layers of the adapter", "from 0 to " + (model.layers() - 1), chosen);
        }
        if (ropeLayout == RopeLayout.HALF && model.ropeDim() != model.keyDim()) {
            throw new ExcitorException.Unsupported(
                    "rope_layout half for a model that rotates %d of %d channels of a head"
                            .formatted(model.ropeDim(), model.keyDim()),
                    List.of("interleaved"));
        }
        return new ExcitorConfig(
                chosen,
                promptLength,
                rank,
                queryRope,
                extraKeyRope,
                innerHeads,
                innerScale,
                gateShape,
                gateActivation,
                input,
                width,
                ropeLayout,
                template,
                new ExcitorConfig.Base(
                        model.layers(),
                        model.width(),
                        model.heads(),
                        model.kvHeads(),
                        model.keyDim(),
                        Optional.empty()));
    }
}
