package dev.excitor.train.decoder;

import dev.excitor.model.adapter.ExcitorConfig;
import dev.excitor.model.arch.Dimensions;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.ops.RopeTable;
import dev.excitor.runtime.team.Worker;
import dev.excitor.train.adapter.ExcitorGradient;
import dev.excitor.train.adapter.ExcitorParameters;
import dev.excitor.train.ops.RopeGradient;
import dev.excitor.train.ops.Sequences;
import java.lang.foreign.MemorySegment;

/// How extra keys reach the scores in training: as further channels of keys and queries, which is exact for every
/// setting,
///
/// ```text
/// S = s <q , k> + g s <q' , k'>  =  < [s q ; g s q'] , [k ; k'] >
/// ```
///
/// where q' is q, rotated or not, and k' may be rotated. With its gradients the gates and the block are reached.
final class ExcitorAttention {

    private final ExcitorParameters parameters;
    private final ExcitorConfig config;
    private final ExcitorGradient block;
    private final Dimensions dims;
    private final TrainingScratch s;

    ExcitorAttention(ExcitorParameters parameters, ExcitorGradient block, Dimensions dims, TrainingScratch scratch) {
        this.parameters = parameters;
        this.config = parameters.config();
        this.block = block;
        this.dims = dims;
        this.s = scratch;
    }

    /// Heads of the extra key.
    static int heads(ExcitorConfig config) {
        return config.extraWidth() / config.base().keyDim();
    }

    boolean isActive(int layer) {
        return parameters.isActive(layer);
    }

    boolean readsRawQuery() {
        return config.queryRope() == ExcitorConfig.QueryRope.RAW;
    }

    /// Makes k' from the hidden states that the settings name; beside the products of q, k and v.
    void project(Worker worker, int layer, int n) {
        block.forward(worker, layer, input(), n);
    }

    private MemorySegment input() {
        return config.input() == ExcitorConfig.Input.POST_NORM ? s.h.data() : s.x;
    }

    /// Lays rotated queries and keys, and what the block adds, side by side.
    void widen(Worker worker, int layer, Sequences sequences) {
        int d = dims.keyDim();
        int extraHeads = heads(config);
        float scale = dims.scoreScale();
        MemorySegment second = readsRawQuery() ? s.rawQ : s.q;
        for (int sequence = 0; sequence < sequences.count(); sequence++) {
            int start = sequences.start(sequence);
            int length = sequences.end(sequence) - start;
            for (int i = worker.from(length, 1); i < worker.to(length, 1); i++) {
                long row = (long) start + i;
                for (int head = 0; head < dims.heads(); head++) {
                    long from = 4L * d * (row * dims.heads() + head);
                    copy(s.q, from, scale, s.wideQ, 2 * from, d);
                    copy(second, from, scale * parameters.gate(layer, head), s.wideQ, 2 * from + 4L * d, d);
                }
                for (int head = 0; head < extraHeads; head++) {
                    long from = 4L * d * (row * extraHeads + head);
                    long key = 4L * d * (row * dims.kvHeads() + head * dims.kvHeads() / extraHeads);
                    copy(s.k, key, 1, s.wideK, 2 * from, d);
                    copy(block.keys(), from, 1, s.wideK, 2 * from + 4L * d, d);
                    if (config.extraKeyRope() == ExcitorConfig.ExtraKeyRope.KEY) {
                        rotate(s.wideK, 2 * from + 4L * d, s.angles, i);
                    }
                }
            }
        }
    }

    private static void rotate(MemorySegment x, long at, RopeTable angles, int row) {
        for (int pair = 0; pair < angles.rotated() / 2; pair++) {
            float cosine = angles.cosine(row, pair);
            float sine = angles.sine(row, pair);
            float first = Blocks.f32(x, at + 8L * pair);
            float second = Blocks.f32(x, at + 8L * pair + 4);
            Blocks.putF32(x, at + 8L * pair, Math.fma(second, -sine, first * cosine));
            Blocks.putF32(x, at + 8L * pair + 4, Math.fma(first, sine, second * cosine));
        }
    }

    /// From the gradients of the wide queries and keys to those of q and k as they were before rotation, of k', and of
    /// the gates. Reads what [#widen] laid out.
    void narrow(Worker worker, int layer, Sequences sequences) {
        int d = dims.keyDim();
        int extraHeads = heads(config);
        float scale = dims.scoreScale();
        gates(worker, layer, sequences.rows());
        for (int sequence = 0; sequence < sequences.count(); sequence++) {
            int start = sequences.start(sequence);
            int length = sequences.end(sequence) - start;
            for (int i = worker.from(length, 1); i < worker.to(length, 1); i++) {
                long row = (long) start + i;
                for (int head = 0; head < dims.heads(); head++) {
                    query(layer, head, 4L * d * (row * dims.heads() + head), scale, i);
                }
                s.dk.data()
                        .asSlice(4L * dims.keyWidth() * row, 4L * dims.keyWidth())
                        .fill((byte) 0);
                for (int head = 0; head < extraHeads; head++) {
                    long from = 4L * d * (row * extraHeads + head);
                    long key = 4L * d * (row * dims.kvHeads() + head * dims.kvHeads() / extraHeads);
                    add(s.dWideK, 2 * from, 1, s.dk.data(), key, d);
                    copy(s.dWideK, 2 * from + 4L * d, 1, block.dKeys(), from, d);
                    if (config.extraKeyRope() == ExcitorConfig.ExtraKeyRope.KEY) {
                        RopeGradient.head(block.dKeys(), from, s.angles, i);
                    }
                }
                for (int head = 0; head < dims.kvHeads(); head++) {
                    RopeGradient.head(s.dk.data(), 4L * d * (row * dims.kvHeads() + head), s.angles, i);
                }
            }
        }
    }

    private void query(int layer, int head, long at, float scale, int position) {
        int d = dims.keyDim();
        float factor = scale * parameters.gate(layer, head);
        copy(s.dWideQ, 2 * at, scale, s.dq.data(), at, d);
        if (readsRawQuery()) {
            RopeGradient.head(s.dq.data(), at, s.angles, position);
            add(s.dWideQ, 2 * at + 4L * d, factor, s.dq.data(), at, d);
        } else {
            add(s.dWideQ, 2 * at + 4L * d, factor, s.dq.data(), at, d);
            RopeGradient.head(s.dq.data(), at, s.angles, position);
        }
    }

    /// `dg_h = sum over i of s <dwide_i,h , q'_i,h>`: one worker sums a gate, over its heads and all rows, in double.
    private void gates(Worker worker, int layer, int n) {
        int d = dims.keyDim();
        ExcitorParameters.Part gate = parameters.part(layer, ExcitorParameters.Kind.GATE);
        MemorySegment second = readsRawQuery() ? s.rawQ : s.q;
        for (int index = worker.from(gate.size(), 1); index < worker.to(gate.size(), 1); index++) {
            double sum = 0;
            for (int head = 0; head < dims.heads(); head++) {
                if (parameters.gateIndex(head) != index) {
                    continue;
                }
                double ofHead = 0;
                for (int row = 0; row < n; row++) {
                    long at = 4L * d * ((long) row * dims.heads() + head);
                    for (int c = 0; c < d; c++) {
                        ofHead +=
                                (double) Blocks.f32(s.dWideQ, 2 * at + 4L * (d + c)) * Blocks.f32(second, at + 4L * c);
                    }
                }
                sum += ofHead * dims.scoreScale() * parameters.gateSlope(layer, head);
            }
            long to = gate.byteAt() + 4L * index;
            Blocks.putF32(parameters.gradients(), to, (float) (Blocks.f32(parameters.gradients(), to) + sum));
        }
    }

    /// Through the block: its parameters' gradients, and what its input gets.
    ///
    /// @param intoX whether the hidden states below matter
    void backward(Worker worker, int layer, int n, boolean intoX) {
        MemorySegment dInput = config.input() == ExcitorConfig.Input.POST_NORM ? s.dh : s.dx.data();
        block.backward(worker, layer, input(), n, dInput, intoX);
    }

    private static void copy(MemorySegment from, long at, float factor, MemorySegment to, long toAt, int count) {
        for (int i = 0; i < count; i++) {
            Blocks.putF32(to, toAt + 4L * i, factor * Blocks.f32(from, at + 4L * i));
        }
    }

    private static void add(MemorySegment from, long at, float factor, MemorySegment to, long toAt, int count) {
        for (int i = 0; i < count; i++) {
            long place = toAt + 4L * i;
            Blocks.putF32(to, place, Math.fma(factor, Blocks.f32(from, at + 4L * i), Blocks.f32(to, place)));
        }
    }
}
