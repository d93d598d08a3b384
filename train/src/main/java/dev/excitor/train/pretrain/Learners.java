package dev.excitor.train.pretrain;

import dev.excitor.runtime.Engine;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.train.decoder.TrainingDecoder;
import dev.excitor.train.ops.Sequences;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// One copy of the model for each thread, each of which learns from texts of its own: they meet once a step, where
/// workers that share every product would meet a hundred times, which costs most on a machine that is busy otherwise.
final class Learners implements AutoCloseable {

    /// A copy of the weights with an engine of one thread.
    private record Learner(Engine engine, LlamaParameters parameters, TrainingDecoder decoder)
            implements AutoCloseable {

        static Learner of(EngineOptions options, LlamaShape shape, long seed, int capacity) {
            Engine engine = Engine.open(options.withThreads(1));
            LlamaParameters parameters = new LlamaParameters(shape, seed);
            LlamaGradients gradients = new LlamaGradients(parameters, engine.ops());
            return new Learner(
                    engine,
                    parameters,
                    new TrainingDecoder(
                            parameters.config(), parameters.bind(engine), engine, null, gradients, capacity));
        }

        @Override
        public void close() {
            decoder.close();
            parameters.close();
            engine.close();
        }
    }

    private final List<Learner> all = new ArrayList<>();
    private final ExecutorService threads;
    private final AdamW optimizer;

    /// @param options  whose threads decide how many learners there are
    /// @param seed     of the first weights
    /// @param capacity most tokens that one of them reads in a step
    Learners(EngineOptions options, int count, LlamaShape shape, long seed, int capacity) {
        for (int i = 0; i < count; i++) {
            all.add(Learner.of(options, shape, seed, capacity));
        }
        threads = Executors.newFixedThreadPool(count);
        optimizer = new AdamW(parameters(), 1);
    }

    int count() {
        return all.size();
    }

    /// The weights as they are now.
    LlamaParameters parameters() {
        return all.getFirst().parameters;
    }

    /// Gives all the weights of the first.
    void share() {
        LlamaParameters first = parameters();
        all.subList(1, all.size()).forEach(other -> other.parameters.weights().copyFrom(first.weights()));
    }

    /// The loss of each scored row, in order.
    double[] losses(Sequences sequences) {
        return all.getFirst().decoder.losses(sequences);
    }

    /// Takes one step.
    ///
    /// @param shares what each of them reads, at least one text
    /// @param weight of a scored token's loss
    /// @param rate   learning rate
    /// @return the sum of all losses, without their weight
    double step(List<Sequences> shares, float weight, double rate) {
        List<Future<double[]>> running = new ArrayList<>();
        for (int i = 0; i < shares.size(); i++) {
            TrainingDecoder decoder = all.get(i).decoder;
            Sequences share = shares.get(i);
            running.add(threads.submit(() -> decoder.gradients(share, weight)));
        }
        double loss = 0;
        for (Future<double[]> losses : running) {
            loss += Arrays.stream(result(losses)).sum();
        }
        Learner first = all.getFirst();
        List<Learner> others = all.subList(1, all.size());
        others.forEach(other -> collect(other.parameters.gradients(), first.parameters.gradients()));
        first.engine.team().run(worker -> optimizer.step(worker, rate));
        share();
        return loss;
    }

    /// Adds gradients to those of the first and clears them.
    private static void collect(MemorySegment from, MemorySegment to) {
        for (long at = 0; at < from.byteSize(); at += Float.BYTES) {
            Blocks.putF32(to, at, Blocks.f32(to, at) + Blocks.f32(from, at));
        }
        from.fill((byte) 0);
    }

    private static double[] result(Future<double[]> running) {
        try {
            return running.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while learning", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        }
    }

    @Override
    public void close() {
        threads.close();
        all.forEach(Learner::close);
    }
}
