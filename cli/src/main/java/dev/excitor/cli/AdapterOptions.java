package dev.excitor.cli;

import dev.excitor.model.adapter.ExcitorConfig.ExtraKeyRope;
import dev.excitor.model.adapter.ExcitorConfig.GateActivation;
import dev.excitor.model.adapter.ExcitorConfig.GateShape;
import dev.excitor.model.adapter.ExcitorConfig.InnerHeads;
import dev.excitor.model.adapter.ExcitorConfig.Input;
import dev.excitor.model.adapter.ExcitorConfig.QueryRope;
import dev.excitor.model.adapter.ExcitorConfig.RopeLayout;
import dev.excitor.model.adapter.ExcitorConfig.Width;
import dev.excitor.train.AdapterSettings;
import dev.excitor.train.Initialization;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// What a new adapter is like: the settings that its file names.
final class AdapterOptions {

    private static final String DEFAULT = " (default: ${DEFAULT-VALUE}).";
    private static final String CHOICE = ": ${COMPLETION-CANDIDATES}" + DEFAULT;

    /// How the numbers begin.
    enum Beginning {
        BASE,
        RANDOM
    }

    @Option(
            names = "--layers",
            paramLabel = "I",
            split = ",",
            description = "Layers that get a block, counted from 0 (default: the topmost N - 2 of N).")
    private List<Integer> layers = List.of();

    @Option(names = "--prompts", paramLabel = "K", defaultValue = "30", description = "Learned prompts" + DEFAULT)
    private int prompts;

    @Option(
            names = "--rank",
            paramLabel = "R",
            defaultValue = "16",
            description = "Rank of the projection that makes the Excitor query" + DEFAULT)
    private int rank;

    @Option(
            names = "--query-rope",
            defaultValue = "shared",
            description = "Which query meets the extra key, the rotated one or the raw one" + CHOICE)
    private QueryRope queryRope = QueryRope.SHARED;

    @Option(
            names = "--extra-key-rope",
            defaultValue = "none",
            description = "Whether the extra key is rotated by its token's position" + CHOICE)
    private ExtraKeyRope extraKeyRope = ExtraKeyRope.NONE;

    @Option(
            names = "--inner-heads",
            defaultValue = "multi",
            description = "Whether the softmax over the prompts is taken per head" + CHOICE)
    private InnerHeads innerHeads = InnerHeads.MULTI;

    @Option(
            names = "--inner-scale",
            paramLabel = "F",
            description = "Factor of the scores in that softmax (default: 1 / sqrt of a head's size).")
    private @Nullable Float innerScale;

    @Option(names = "--gate-shape", defaultValue = "kv_head", description = "One gate for each" + CHOICE)
    private GateShape gateShape = GateShape.KV_HEAD;

    @Option(names = "--gate-activation", defaultValue = "linear", description = "What a gate goes through" + CHOICE)
    private GateActivation gateActivation = GateActivation.LINEAR;

    @Option(
            names = "--input",
            defaultValue = "post_norm",
            description = "Hidden state that the Excitor query is made from, normed or not" + CHOICE)
    private Input input = Input.POST_NORM;

    @Option(
            names = "--width",
            defaultValue = "kv",
            description = "Whether the extra key is as wide as the keys or as the queries" + CHOICE)
    private Width width = Width.KV;

    @Option(
            names = "--rope-layout",
            defaultValue = "interleaved",
            description = "Order of channels in the file" + CHOICE)
    private RopeLayout ropeLayout = RopeLayout.INTERLEAVED;

    @Option(
            names = "--init",
            defaultValue = "base",
            description = "How it begins: base (W_up = 0: exactly the base model) or random (all random, gates from"
                    + " N(0, 0.01))" + DEFAULT)
    private Beginning beginning = Beginning.BASE;

    @Option(
            names = "--init-gate",
            paramLabel = "G",
            description = "What every gate begins with, or with --init random their standard deviation (default: 0.1,"
                    + " or 0.01).")
    private @Nullable Float gate;

    @Option(
            names = "--init-prompt",
            paramLabel = "S",
            defaultValue = "1",
            description = "Standard deviation of the prompts at the beginning" + DEFAULT)
    private float promptDeviation;

    AdapterSettings settings() {
        Initialization usual = beginning == Beginning.BASE ? Initialization.defaults() : Initialization.random();
        return new AdapterSettings(
                layers,
                prompts,
                rank,
                queryRope,
                extraKeyRope,
                innerHeads,
                Optional.ofNullable(innerScale),
                gateShape,
                gateActivation,
                input,
                width,
                ropeLayout,
                new Initialization(
                        promptDeviation, usual.upScale(), gate == null ? usual.gate() : gate, usual.randomGate()));
    }
}
