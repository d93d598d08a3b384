package dev.excitor.model;

import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.arch.Architectures;
import dev.excitor.model.arch.Binder;
import dev.excitor.model.arch.Decoder;
import dev.excitor.model.arch.Dimensions;
import dev.excitor.model.concurrent.Aside;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.runtime.Engine;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.Lifetime;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.kv.KvCache;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

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

    private Model(
            Checkpoint checkpoint,
            Tokenizer tokenizer,
            Decoder decoder,
            List<String> leftovers,
            Engine engine,
            boolean ownsEngine) {
        this.checkpoint = checkpoint;
        this.engine = engine;
        this.tokenizer = tokenizer;
        this.decoder = decoder;
        this.leftovers = leftovers;
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
        Checkpoint checkpoint = CheckpointReader.open(path, memory);
        Aside<Tokenizer> tokenizer = tokenizer(checkpoint);
        return guarded(checkpoint, tokenizer, () -> {
            Engine engine = Engine.open(options);
            try {
                return bind(checkpoint, tokenizer, engine, true);
            } catch (RuntimeException | Error failure) {
                engine.close();
                throw failure;
            }
        });
    }

    /// Opens a model on an engine that others may use too and that outlives it.
    public static Model open(Path path, Engine engine, CheckpointReader.Memory memory) {
        Checkpoint checkpoint = CheckpointReader.open(path, memory);
        Aside<Tokenizer> tokenizer = tokenizer(checkpoint);
        return guarded(checkpoint, tokenizer, () -> bind(checkpoint, tokenizer, engine, false));
    }

    /// A large vocabulary takes as long as everything else, so it is read meanwhile.
    private static Aside<Tokenizer> tokenizer(Checkpoint checkpoint) {
        return Aside.start("excitor-tokenizer", () -> Tokenizer.of(checkpoint.metadata()));
    }

    /// Closes the checkpoint where no model comes of it. Of two complaints that of the tokenizer counts, so that
    /// it does not depend on who was faster.
    private static Model guarded(Checkpoint checkpoint, Aside<Tokenizer> tokenizer, Supplier<Model> work) {
        try {
            try {
                return work.get();
            } catch (RuntimeException | Error failure) {
                tokenizer.join();
                throw failure;
            }
        } catch (RuntimeException | Error failure) {
            checkpoint.close();
            throw failure;
        }
    }

    private static Model bind(Checkpoint checkpoint, Aside<Tokenizer> tokenizer, Engine engine, boolean ownsEngine) {
        try {
            Binder binder = new Binder(checkpoint, engine);
            int vocab = checkpoint.metadata().countStrings(Tokenizer.TOKENS);
            Decoder decoder = Architectures.of(checkpoint).bind(checkpoint, binder, engine, vocab);
            return new Model(checkpoint, tokenizer.join(), decoder, binder.leftovers(), engine, ownsEngine);
        } catch (RuntimeException | Error failure) {
            engine.kernels().release(checkpoint.tensors());
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

    /// What turns tokens into logits.
    public Decoder decoder() {
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
