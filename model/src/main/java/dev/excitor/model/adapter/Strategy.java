package dev.excitor.model.adapter;

import dev.excitor.runtime.ExcitorException;
import java.util.ArrayList;
import java.util.List;

/// How an adapter's extra keys reach the scores. All strategies that are exact for an adapter give the same numbers up
/// to
/// rounding; they differ in what is stored per token and what attention costs.
public enum Strategy {
    /// `k + g k'` goes into the ordinary key cache: nothing more is stored and attention does not change. Exact where
    /// the
    /// extra key meets the same query as the ordinary one and, like its gate, is the same for a whole kv group.
    FUSED,
    /// The K softmax weights of each token are stored; a query meets the prompts once and then each token's weights.
    /// Exact
    /// where the extra key is not rotated.
    FACTORED,
    /// The extra key itself is stored and a second dot product taken. Always exact.
    SEPARATE;

    /// The strategies that are exact for an adapter, the cheapest first.
    public static List<Strategy> exactFor(ExcitorConfig config) {
        List<Strategy> exact = new ArrayList<>();
        boolean oneKeyPerGroup = config.width() == ExcitorConfig.Width.KV
                || config.base().heads() == config.base().kvHeads();
        boolean oneGatePerGroup = config.gateShape() != ExcitorConfig.GateShape.HEAD
                || config.base().heads() == config.base().kvHeads();
        if (config.queryRope() == ExcitorConfig.QueryRope.SHARED && oneKeyPerGroup && oneGatePerGroup) {
            exact.add(FUSED);
        }
        if (config.extraKeyRope() == ExcitorConfig.ExtraKeyRope.NONE) {
            exact.add(FACTORED);
        }
        exact.add(SEPARATE);
        return List.copyOf(exact);
    }

    /// Refuses a strategy that would change the numbers.
    static void requireExact(Strategy strategy, ExcitorConfig config) {
        if (!exactFor(config).contains(strategy)) {
            throw new ExcitorException.Unsupported(
                    "the strategy " + strategy + " for this adapter's settings",
                    exactFor(config).stream().map(Enum::name).toList());
        }
    }
}
