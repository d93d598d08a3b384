package dev.excitor.model.adapter;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.kv.KvLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// How an adapter's extra keys reach the scores. All strategies that are exact for an adapter give the same
/// numbers up to rounding; they differ in what is stored per token and what attention costs.
public enum Strategy {
    /// `k + g k'` goes into the ordinary key cache: nothing more is stored and attention does not change. Exact
    /// where the extra key meets the same query as the ordinary one and, like its gate, is the same for a whole kv
    /// group.
    FUSED,
    /// The K softmax weights of each token are stored; a query meets the prompts once and then each token's
    /// weights. Exact where the extra key is not rotated.
    FACTORED,
    /// The extra key itself is stored and a second dot product taken. Always exact.
    SEPARATE;

    /// The strategies that are exact for an adapter, the cheapest first.
    public static List<Strategy> exactFor(ExcitorConfig config) {
        return Arrays.stream(values())
                .filter(strategy -> strategy.obstacle(config).isEmpty())
                .toList();
    }

    /// Why this strategy would change an adapter's numbers; empty where it is exact.
    public Optional<String> obstacle(ExcitorConfig config) {
        return switch (this) {
            case FUSED -> fusedObstacle(config);
            case FACTORED ->
                config.extraKeyRope() == ExcitorConfig.ExtraKeyRope.KEY
                        ? Optional.of("the extra key is rotated by its position, the prompts it is mixed from are not")
                        : Optional.empty();
            case SEPARATE -> Optional.empty();
        };
    }

    private static Optional<String> fusedObstacle(ExcitorConfig config) {
        if (config.queryRope() == ExcitorConfig.QueryRope.RAW) {
            return Optional.of("the extra key meets the query before it is rotated, the ordinary key after");
        }
        if (config.base().heads() == config.base().kvHeads()) {
            return Optional.empty();
        }
        if (config.width() == ExcitorConfig.Width.Q) {
            return Optional.of("query heads that share a key have an extra key each");
        }
        return config.gateShape() == ExcitorConfig.GateShape.HEAD
                ? Optional.of("query heads that share a key have a gate each")
                : Optional.empty();
    }

    /// Refuses a strategy that would change the numbers.
    static void requireExact(Strategy strategy, ExcitorConfig config) {
        if (strategy.obstacle(config).isPresent()) {
            throw new ExcitorException.Unsupported(
                    "the strategy " + strategy + " for this adapter's settings",
                    exactFor(config).stream().map(Enum::name).toList());
        }
    }

    /// What is stored for each token beside keys and values.
    public KvLayout.Extra extra(ExcitorConfig config) {
        return this == FUSED
                ? KvLayout.Extra.NONE
                : new KvLayout.Extra(config.layers(), storedHeads(config), storedWidth(config));
    }

    /// Heads of what is stored for each token: 0 when fused.
    int storedHeads(ExcitorConfig config) {
        return switch (this) {
            case FUSED -> 0;
            case FACTORED -> config.innerHeadCount();
            case SEPARATE -> config.extraWidth() / config.base().keyDim();
        };
    }

    /// Numbers of each of those heads.
    int storedWidth(ExcitorConfig config) {
        return switch (this) {
            case FUSED -> 0;
            case FACTORED -> config.promptLength();
            case SEPARATE -> config.base().keyDim();
        };
    }
}
