package dev.excitor.model;

import dev.excitor.model.adapter.ExcitorBypass;
import dev.excitor.model.adapter.KeyBypass;
import dev.excitor.model.adapter.NoBypass;
import dev.excitor.model.adapter.Strategy;
import dev.excitor.model.arch.Batch;
import dev.excitor.model.arch.Decoder;
import dev.excitor.model.arch.Dimensions;
import dev.excitor.model.arch.Scratch;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.runtime.Engine;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.HostMemory;
import dev.excitor.runtime.Lifetime;
import dev.excitor.runtime.ScratchArena;
import dev.excitor.runtime.kv.KvCache;
import dev.excitor.runtime.kv.KvLayout;
import dev.excitor.runtime.ops.AttentionWorkspace;
import dev.excitor.runtime.team.Team;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// One text in progress: a cache of keys and values, working memory, and a position. Used by one thread at a time, and
/// refuses a second one; any number of sessions share a model.
public final class Session implements AutoCloseable {

    /// Receives one row of logits.
    @FunctionalInterface
    public interface LogitsConsumer {
        /// @param row    which of the tokens given, from 0
        /// @param logits `[V]` f32, native; valid during the call only
        void accept(int row, MemorySegment logits);
    }

    private final Model model;
    private final Decoder decoder;
    private final SessionOptions options;
    private final Arena arena;
    private final KvCache kv;
    private final Scratch scratch;
    private final Batch batch;
    private final KeyBypass bypass;
    private final Lifetime lifetime;
    private final AtomicBoolean busy = new AtomicBoolean();

    private final Team.Task hiddenStates = this::hiddenStates;
    private final Team.Task hiddenStatesAndLastLogits = this::hiddenStatesAndLastLogits;

    /// Whether the first row of the scratch's logits belongs to the last token in the cache.
    private boolean logitsAreCurrent;

    /// @param forked the cache to go on with, which is the session's from now on; null for an empty one
    Session(Model model, SessionOptions options, @Nullable KvCache forked) {
        this.model = model;
        this.decoder = model.decoder();
        this.options = options;
        Dimensions dims = decoder.dimensions();
        int context = options.context() == 0 ? dims.context() : options.context();
        int most = Math.min(options.batch(), context);
        this.arena = new ScratchArena();
        try {
            requireMemory(decoder.scratchBytes(most));
            this.bypass = bypass(options, dims, most);
            KvLayout layout = layout(dims, options.cache(), bypass);
            Engine engine = model.engine();
            AttentionWorkspace workspace = engine.ops()
                    .attention()
                    .workspace(
                            arena, layout, dims.heads(), context, engine.team().size());
            this.scratch = decoder.newScratch(arena, most, workspace);
            this.batch = new Batch(most);
            this.kv = forked != null ? forked : new KvCache(layout, context);
        } catch (OutOfMemoryError | ArithmeticException e) {
            arena.close();
            throw new ExcitorException.OutOfMemory(
                    "the working memory of a session with a context of %d tokens and batches of %d"
                            .formatted(context, most),
                    decoder.scratchBytes(most),
                    e);
        } catch (RuntimeException | Error failure) {
            arena.close();
            throw failure;
        }
        this.lifetime = new Lifetime("the session", () -> {
            kv.close();
            arena.close();
        });
    }

    /// A system that promises more than it has would kill the process later.
    private static void requireMemory(long bytes) {
        if (HostMemory.ifLessThan(bytes).isPresent()) {
            throw new OutOfMemoryError("more than the machine has left");
        }
    }

    private KeyBypass bypass(SessionOptions options, Dimensions dims, int most) {
        if (options.adapter().isEmpty()) {
            return new NoBypass();
        }
        var adapter = options.adapter().get();
        adapter.checkFits(dims);
        Strategy strategy =
                options.strategy().orElse(Strategy.exactFor(adapter.config()).getFirst());
        return options.scale() == 0
                ? new NoBypass()
                : new ExcitorBypass(
                        adapter, strategy, options.scale(), dims, model.engine().ops(), arena, most);
    }

    private static KvLayout layout(Dimensions dims, KvLayout.Type type, KeyBypass bypass) {
        return new KvLayout(dims.layers(), dims.kvHeads(), dims.keyDim(), dims.valueDim(), type, bypass.extra());
    }

    /// The model this is a session of.
    public Model model() {
        return model;
    }

    /// Tokens in the cache.
    public int position() {
        return kv.length();
    }

    /// Most tokens it can hold.
    public int context() {
        return kv.capacity();
    }

    /// How the adapter's extra keys reach the scores; empty without an adapter or at scale 0.
    public Optional<Strategy> strategy() {
        return bypass instanceof ExcitorBypass excitor ? Optional.of(excitor.strategy()) : Optional.empty();
    }

    /// Appends tokens and returns the logits of each: a row of V numbers per token.
    ///
    /// @throws ExcitorException.ContextFull when there is no room; the session is then as it was before
    public float[][] forward(int... tokens) {
        float[][] rows = new float[tokens.length][];
        forward(tokens, (row, logits) -> rows[row] = logits.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED));
        return rows;
    }

    /// Appends tokens and hands the logits of each to a consumer as they are computed.
    public void forward(int[] tokens, LogitsConsumer consumer) {
        use(() -> {
            check(tokens);
            int rows = Scratch.LOGIT_ROWS;
            long rowBytes = 4L * decoder.dimensions().vocab();
            for (int done = 0; done < tokens.length; done += batch.size()) {
                pass(tokens, done, Math.min(batch.capacity(), tokens.length - done), hiddenStates);
                for (int from = 0; from < batch.size(); from += rows) {
                    int first = from;
                    int count = Math.min(rows, batch.size() - from);
                    run(count, worker -> decoder.logits(worker, scratch, first, count));
                    for (int i = 0; i < count; i++) {
                        MemorySegment logits = scratch.logits().asSlice(i * rowBytes, rowBytes);
                        consumer.accept(done + first + i, logits.asReadOnly());
                    }
                }
            }
        });
    }

    /// Appends tokens and keeps the logits of the last one, from which [#generate] goes on.
    public void append(int... tokens) {
        append(tokens, () -> false);
    }

    /// Appends tokens unless told to stop, which it asks before each batch of them.
    ///
    /// @return whether all are in the cache; if not, none of them is
    boolean append(int[] tokens, BooleanSupplier stop) {
        int start = kv.length();
        use(() -> {
            check(tokens);
            for (int done = 0; done < tokens.length; done += batch.size()) {
                if (stop.getAsBoolean()) {
                    kv.truncate(start);
                    return;
                }
                int count = Math.min(batch.capacity(), tokens.length - done);
                boolean last = done + count == tokens.length;
                pass(tokens, done, count, last ? hiddenStatesAndLastLogits : hiddenStates);
                logitsAreCurrent = last;
            }
        });
        return kv.length() == start + tokens.length;
    }

    /// Continues a text.
    public Generation generate(String prompt) {
        return generate(prompt, options -> options);
    }

    /// Continues a text: the prompt is appended (with the beginning-of-text token in front when the session is empty
    /// and the model wants one), then tokens are generated as the result is consumed.
    public Generation generate(String prompt, UnaryOperator<GenerationOptions> change) {
        GenerationOptions wanted = change.apply(GenerationOptions.defaults());
        EncodeOptions encoding = new EncodeOptions(position() == 0, wanted.parseSpecial());
        return generate(model.tokenizer().encode(prompt, encoding), wanted);
    }

    /// Continues a text given as tokens; with none, goes on from the last token appended.
    public Generation generate(int[] prompt, GenerationOptions wanted) {
        return new Generation(this, prompt, wanted);
    }

    /// Another session with the same text so far: full pages of the cache are shared, memory is taken only for what is
    /// written later.
    public Session fork() {
        lifetime.acquire();
        try {
            enter();
            try {
                Session other = model.newSession(options, kv.fork());
                MemorySegment.copy(
                        scratch.logits(),
                        0,
                        other.scratch.logits(),
                        0,
                        4L * decoder.dimensions().vocab());
                other.logitsAreCurrent = logitsAreCurrent;
                return other;
            } finally {
                busy.set(false);
            }
        } finally {
            lifetime.release();
        }
    }

    /// Forgets all tokens from `position` on.
    public void truncate(int position) {
        use(() -> {
            if (position != kv.length()) {
                kv.truncate(position);
                logitsAreCurrent = false;
            }
        });
    }

    /// Logits of the last token appended, `[V]`, or empty when there are none to go on from.
    Optional<MemorySegment> currentLogits() {
        return logitsAreCurrent ? Optional.of(scratch.logits()) : Optional.empty();
    }

    /// Appends one token and computes its logits: a decode step. Allocates nothing.
    void step(int[] token) {
        lifetime.acquire();
        try {
            enter();
            try {
                logitsAreCurrent = false;
                pass(token, 0, 1, hiddenStatesAndLastLogits);
                logitsAreCurrent = true;
            } finally {
                busy.set(false);
            }
        } finally {
            lifetime.release();
        }
    }

    private void pass(int[] tokens, int from, int count, Team.Task task) {
        model.lifetime().acquire();
        try {
            model.checkpoint().checkUnchanged();
            kv.reserve(count);
            batch.set(tokens, from, count);
            scratch.n(count);
            run(count, task);
            kv.advance(count);
        } finally {
            model.lifetime().release();
        }
    }

    private void run(int tokens, Team.Task task) {
        Engine engine = model.engine();
        engine.team().run(engine.threads(tokens), task);
    }

    private void hiddenStates(Worker worker) {
        decoder.forward(worker, batch, kv, bypass, scratch);
    }

    private void hiddenStatesAndLastLogits(Worker worker) {
        decoder.forward(worker, batch, kv, bypass, scratch);
        decoder.logits(worker, scratch, batch.size() - 1, 1);
    }

    private void check(int[] tokens) {
        int vocab = decoder.dimensions().vocab();
        for (int token : tokens) {
            if (token < 0 || token >= vocab) {
                throw new ExcitorException.InvalidOption("a token", "from 0 to " + (vocab - 1), token);
            }
        }
        if (tokens.length > kv.capacity() - kv.length()) {
            throw new ExcitorException.ContextFull(kv.length(), tokens.length, kv.capacity());
        }
        logitsAreCurrent = false;
    }

    private void use(Runnable work) {
        lifetime.acquire();
        try {
            enter();
            try {
                work.run();
            } finally {
                busy.set(false);
            }
        } finally {
            lifetime.release();
        }
    }

    private void enter() {
        if (!busy.compareAndSet(false, true)) {
            throw new IllegalStateException(
                    "this session is in use by another thread; give each thread a session of its own (fork)");
        }
    }

    /// Refuses further work at once and frees everything when a pass in progress has ended. Closing twice is fine.
    @Override
    public void close() {
        lifetime.close();
    }
}
