package dev.excitor.model.arch.llama;

import dev.excitor.model.arch.Architecture;
import dev.excitor.model.arch.Binder;
import dev.excitor.model.arch.Decoder;
import dev.excitor.runtime.Engine;
import dev.excitor.runtime.checkpoint.Checkpoint;

/// `llama`: LLaMA 1, 2 and 3 and the models that share their tensors (TinyLlama, Vicuna, Alpaca, ...).
public final class Llama implements Architecture {

    @Override
    public String name() {
        return "llama";
    }

    @Override
    public Decoder bind(Checkpoint checkpoint, Binder binder, Engine engine, int vocab) {
        LlamaConfig config = LlamaConfig.of(checkpoint, vocab);
        return new LlamaDecoder(config, LlamaWeights.bind(binder, config), engine.ops());
    }
}
