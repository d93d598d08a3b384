package dev.excitor.model;

import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.adapter.Strategy;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.kv.KvLayout;
import java.util.Optional;

/// What a session remembers with, and which adapter it runs.
///
/// @param context  most tokens it can hold; 0 for as many as the model was made for. Memory is taken as it fills.
/// @param batch    most tokens of a prompt that go through the model together
/// @param cache    how keys and values are stored
/// @param adapter  an Excitor, for this session alone
/// @param scale    multiplies the adapter's gates; 0 is the base model, bit for bit
/// @param strategy how the adapter's extra keys reach the scores; empty for the cheapest exact one
public record SessionOptions(
        int context,
        int batch,
        KvLayout.Type cache,
        Optional<Adapter> adapter,
        float scale,
        Optional<Strategy> strategy) {

    private static final int MAX_BATCH = 1 << 14;

    public SessionOptions {
        if (context < 0) {
            throw new ExcitorException.InvalidOption("the context (-c)", "0 or more tokens", context);
        }
        if (batch < 1 || batch > MAX_BATCH) {
            throw new ExcitorException.InvalidOption("the batch (-b, -ub)", "from 1 to " + MAX_BATCH, batch);
        }
        if (!Float.isFinite(scale)) {
            throw new ExcitorException.InvalidOption("the adapter's scale", "a finite number", scale);
        }
    }

    public static SessionOptions defaults() {
        return new SessionOptions(0, 512, KvLayout.Type.F32, Optional.empty(), 1, Optional.empty());
    }

    public SessionOptions context(int value) {
        return new SessionOptions(value, batch, cache, adapter, scale, strategy);
    }

    public SessionOptions batch(int value) {
        return new SessionOptions(context, value, cache, adapter, scale, strategy);
    }

    public SessionOptions cache(KvLayout.Type value) {
        return new SessionOptions(context, batch, value, adapter, scale, strategy);
    }

    public SessionOptions adapter(Adapter value) {
        return new SessionOptions(context, batch, cache, Optional.of(value), scale, strategy);
    }

    public SessionOptions scale(float value) {
        return new SessionOptions(context, batch, cache, adapter, value, strategy);
    }

    public SessionOptions strategy(Strategy value) {
        return new SessionOptions(context, batch, cache, adapter, scale, Optional.of(value));
    }
}
