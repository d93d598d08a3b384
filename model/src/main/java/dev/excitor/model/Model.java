package dev.excitor.model;

import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.arch.Architectures;
import dev.excitor.model.arch.Binder;
import dev.excitor.model.arch.Decoder;
import dev.excitor.model.arch.Dimensions;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.runtime.Engine;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.Lifetime;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.kv.KvCache;
import java.nio.file.Path;
import java.util.List;

/// A model with its tokenizer, bound to an engine: immutable, and shared by any number of sessions in any threads.
///
/// ```java
/// try (var model = Model.open(Path.of("llama-3.2-1b.Q4_0.gguf"));
///         var session = model.newSession()) {
///     session.generate("Why is the sky blue?", options -> options.maxTokens(64)).forEach(System.out::print);
/// }
/// ```
public final class Model implements AutoCloseable {

    private final Checkpoint checkpoint;
    private final Tokenizer tokenizer;
    private final Decoder decoder;
    private final Engine engine;
    private final List<String> leftovers;
    private final Lifetime lifetime;

    private Model(Checkpoint checkpoint, Engine engine, boolean ownsEngine) {
        this.checkpoint = checkpoint;
        this.engine = engine;
        this.tokenizer = Tokenizer.of(checkpoint.metadata());
        Binder binder = new Binder(checkpoint, engine);
        this.decoder = Architectures.of(checkpoint)
                .bind(checkpoint, binder, engine, tokenizer.vocabulary().size());
        this.leftovers = binder.leftovers();
        this.lifetime = new Lifetime("the model " + checkpoint.path(), () -> {
            engine.kernels().release(checkpoint.tensors());
            checkpoint.close();
            if (ownsEngine) {
                engine.close();
            }
        });
    }

    /// Opens a model on an engine of its own, with weights used in place.
    public static Model open(Path path) {
        return open(path, EngineOptions.defaults(), CheckpointReader.Memory.MAPPED);
    }

    /// Opens a model on an engine of its own.
    public static Model open(Path path, EngineOptions options, CheckpointReader.Memory memory) {
        Engine engine = Engine.open(options);
        try {
            return open(path, engine, memory, true);
        } catch (RuntimeException | Error failure) {
            engine.close();
            throw failure;
        }
    }

    /// Opens a model on an engine that others may use too and that outlives it.
    public static Model open(Path path, Engine engine, CheckpointReader.Memory memory) {
        return open(path, engine, memory, false);
    }

    private static Model open(Path path, Engine engine, CheckpointReader.Memory memory, boolean ownsEngine) {
        Checkpoint checkpoint = CheckpointReader.open(path, memory);
        try {
            return new Model(checkpoint, engine, ownsEngine);
        } catch (RuntimeException | Error failure) {
            engine.kernels().release(checkpoint.tensors());
            checkpoint.close();
            throw failure;
        }
    }

    public Session newSession() {
        return newSession(SessionOptions.defaults());
    }

    /// A session that runs an adapter; other sessions of this model do not see it.
    public Session newSession(Adapter adapter) {
        return newSession(SessionOptions.defaults().adapter(adapter));
    }

    public Session newSession(SessionOptions options) {
        lifetime.acquire();
        try {
            return new Session(this, options, null);
        } finally {
            lifetime.release();
        }
    }

    /// A session that goes on with a cache, which is closed where there can be none.
    Session newSession(SessionOptions options, KvCache forked) {
        try {
            lifetime.acquire();
            try {
                return new Session(this, options, forked);
            } finally {
                lifetime.release();
            }
        } catch (RuntimeException | Error failure) {
            forked.close();
            throw failure;
        }
    }

    /// The file behind it.
    public Checkpoint checkpoint() {
        return checkpoint;
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    public Dimensions dimensions() {
        return decoder.dimensions();
    }

    /// Every matrix with the kernels chosen for it.
    public List<Decoder.NamedLinear> matrices() {
        return decoder.matrices();
    }

    /// Tensors in the file that the architecture does not use.
    public List<String> leftovers() {
        return leftovers;
    }

    public Engine engine() {
        return engine;
    }

    Decoder decoder() {
        return decoder;
    }

    Lifetime lifetime() {
        return lifetime;
    }

    /// Refuses further work at once and frees everything when passes in progress have ended. Closing twice is fine.
    @Override
    public void close() {
        lifetime.close();
    }
}
