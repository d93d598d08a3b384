package dev.excitor.model.adapter;

import dev.excitor.model.arch.Scratch;
import dev.excitor.runtime.kv.KvCache;
import dev.excitor.runtime.kv.KvLayout;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A session without an adapter: keys go to the cache as they are.
public record NoBypass() implements KeyBypass {

    @Override
    public boolean isActive(int layer) {
        return false;
    }

    @Override
    public boolean readsRawQuery(int layer) {
        return false;
    }

    @Override
    public KvLayout.Extra extra() {
        return KvLayout.Extra.NONE;
    }

    @Override
    public void project(Worker worker, int layer, Scratch scratch) {
        // there is no Excitor query
    }

    @Override
    public void rawQuery(Worker worker, int layer, Scratch scratch) {
        // nothing meets it
    }

    @Override
    public void apply(Worker worker, int layer, Scratch scratch) {
        // k stays as it is
    }

    @Override
    public void store(Worker worker, int layer, KvCache kv, Scratch scratch) {
        // nothing stands beside the keys
    }

    @Override
    public @Nullable MemorySegment secondTerm(int layer) {
        return null;
    }
}
