package dev.excitor.train;

import dev.excitor.model.adapter.ExcitorConfig;
import dev.excitor.model.arch.Dimensions;
import dev.excitor.model.arch.Linear;
import dev.excitor.model.arch.llama.LlamaConfig;
import dev.excitor.model.arch.llama.LlamaWeights;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.train.ops.Sequences;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// LLaMA with an Excitor written down from the paper's equations, number by number in double precision: the definition
/// that training is compared with.
final class ReferenceModel {

    private final LlamaConfig config;
    private final Dimensions dims;
    private final ExcitorConfig excitor;
    private final double[][] embedding;
    private final List<double[][][]> layers = new ArrayList<>();
    private final List<double[][]> norms = new ArrayList<>();
    private final double[] outputNorm;
    private final double[][] output;
    private final LlamaWeights weights;

    ReferenceModel(LlamaConfig config, LlamaWeights weights, ExcitorConfig excitor) {
        this.config = config;
        this.dims = config.dims();
        this.excitor = excitor;
        this.weights = weights;
        this.embedding = matrix(weights.embedding());
        for (LlamaWeights.Layer layer : weights.layers()) {
            layers.add(
                    List.of(layer.q(), layer.k(), layer.v(), layer.o(), layer.gate(), layer.up(), layer.down()).stream()
                            .map(Linear::weights)
                            .map(ReferenceModel::matrix)
                            .toArray(double[][][]::new));
            norms.add(new double[][] {vector(layer.attentionNorm()), vector(layer.ffnNorm())});
        }
        this.outputNorm = vector(weights.outputNorm());
        this.output = matrix(weights.output().weights());
    }

    private static double[][] matrix(Tensor tensor) {
        double[][] rows = new double[tensor.shape().rows()][];
        for (int row = 0; row < rows.length; row++) {
            float[] numbers = new float[tensor.shape().cols()];
            tensor.format().decode(tensor.data(), row * tensor.rowBytes(), numbers, 0, numbers.length);
            rows[row] = doubles(numbers);
        }
        return rows;
    }

    private double[] vector(MemorySegment segment) {
        float[] numbers = new float[dims.width()];
        Blocks.copyF32(segment, 0, numbers, 0, numbers.length);
        return doubles(numbers);
    }

    static double[] doubles(float[] numbers) {
        double[] result = new double[numbers.length];
        Arrays.setAll(result, i -> numbers[i]);
        return result;
    }

    /// The sum of the losses of all scored rows.
    ///
    /// @param parameters all numbers of the adapter, in the order of training, as they lie on the tape from node 0 on
    int loss(Tape tape, Sequences sequences, double[] parameters) {
        int[] leaves = Arrays.stream(parameters).mapToInt(tape::leaf).toArray();
        List<Integer> losses = new ArrayList<>();
        for (int i = 0; i < sequences.count(); i++) {
            int start = sequences.start(i);
            int[][] x = new int[sequences.end(i) - start][];
            for (int row = 0; row < x.length; row++) {
                x[row] = Arrays.stream(embedding[sequences.tokens()[start + row]])
                        .mapToInt(tape::leaf)
                        .toArray();
            }
            for (int l = 0; l < dims.layers(); l++) {
                layer(tape, x, l, leaves);
            }
            for (int row = 0; row < x.length; row++) {
                int target = sequences.targets()[start + row];
                if (target != Sequences.UNSCORED) {
                    int[] logits = multiply(tape, output, norm(tape, x[row], outputNorm));
                    losses.add(tape.times(tape.log(tape.softmax(logits)[target]), -1));
                }
            }
        }
        return tape.sum(losses.stream().mapToInt(Integer::intValue).toArray());
    }

    private int[] norm(Tape tape, int[] x, double[] weight) {
        int mean = tape.times(tape.dot(x, x), 1.0 / x.length);
        int factor = tape.inverseRoot(tape.add(mean, tape.leaf(config.epsilon())));
        int[] y = new int[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = tape.times(tape.multiply(x[i], factor), weight[i]);
        }
        return y;
    }

    private static int[] multiply(Tape tape, double[][] matrix, int[] x) {
        return Arrays.stream(matrix).mapToInt(row -> tape.dot(x, row, 0)).toArray();
    }

    private static int[] plus(Tape tape, int[] a, int[] b) {
        int[] sum = new int[a.length];
        for (int i = 0; i < a.length; i++) {
            sum[i] = tape.add(a[i], b[i]);
        }
        return sum;
    }

    private void layer(Tape tape, int[][] x, int l, int[] leaves) {
        double[][][] w = layers.get(l);
        int length = x.length;
        int[][] h = new int[length][];
        int[][] q = new int[length][];
        int[][] k = new int[length][];
        int[][] v = new int[length][];
        for (int i = 0; i < length; i++) {
            h[i] = norm(tape, x[i], norms.get(l)[0]);
            q[i] = multiply(tape, w[0], h[i]);
            k[i] = multiply(tape, w[1], h[i]);
            v[i] = multiply(tape, w[2], h[i]);
        }
        Block block = Block.of(excitor, leaves, l);
        for (int i = 0; i < length; i++) {
            int[] heads = new int[dims.heads() * dims.valueDim()];
            for (int head = 0; head < dims.heads(); head++) {
                attend(tape, x, h, q, k, v, block, i, head, heads);
            }
            x[i] = plus(tape, x[i], multiply(tape, w[3], heads));
        }
        for (int i = 0; i < length; i++) {
            int[] normed = norm(tape, x[i], norms.get(l)[1]);
            int[] gate = multiply(tape, w[4], normed);
            int[] up = multiply(tape, w[5], normed);
            int[] f = new int[gate.length];
            for (int c = 0; c < f.length; c++) {
                int one = tape.leaf(1);
                int sigma = tape.divide(one, tape.add(one, tape.exp(tape.times(gate[c], -1))));
                f[c] = tape.multiply(tape.multiply(gate[c], sigma), up[c]);
            }
            x[i] = plus(tape, x[i], multiply(tape, w[6], f));
        }
    }

    /// `S_ij = s <q_i , k_j> + g s <q'_i , k'_j>`, its softmax, and the weighted values of one head of one row.
    private void attend(
            Tape tape,
            int[][] x,
            int[][] h,
            int[][] q,
            int[][] k,
            int[][] v,
            @Nullable Block block,
            int i,
            int head,
            int[] heads) {
        int d = dims.keyDim();
        int group = dims.group(head);
        int[] rawQuery = Arrays.copyOfRange(q[i], head * d, (head + 1) * d);
        int[] query = rotate(tape, rawQuery, i);
        int[] scores = new int[i + 1];
        for (int j = 0; j <= i; j++) {
            int[] key = rotate(tape, Arrays.copyOfRange(k[j], group * d, (group + 1) * d), j);
            scores[j] = tape.times(tape.dot(query, key), 1 / Math.sqrt(d));
            if (block != null) {
                int[] source = excitor.input() == ExcitorConfig.Input.POST_NORM ? h[j] : x[j];
                int slice = excitor.width() == ExcitorConfig.Width.Q ? head : group;
                int[] extra = block.key(tape, excitor, block.input(source, j), slice, d);
                if (excitor.extraKeyRope() == ExcitorConfig.ExtraKeyRope.KEY) {
                    extra = rotate(tape, extra, j);
                }
                int[] meets = excitor.queryRope() == ExcitorConfig.QueryRope.SHARED ? query : rawQuery;
                int second = tape.times(tape.dot(meets, extra), 1 / Math.sqrt(d));
                scores[j] = tape.add(scores[j], tape.multiply(block.gate(tape, excitor, head), second));
            }
        }
        int[] a = tape.softmax(scores);
        for (int c = 0; c < dims.valueDim(); c++) {
            int[] column = new int[i + 1];
            for (int j = 0; j <= i; j++) {
                column[j] = v[j][group * dims.valueDim() + c];
            }
            heads[head * dims.valueDim() + c] = tape.dot(a, column);
        }
    }

    private int[] rotate(Tape tape, int[] head, int position) {
        int[] result = head.clone();
        for (int pair = 0; pair < dims.ropeDim() / 2; pair++) {
            double angle = position * weights.frequencies().radians(pair);
            double cos = Math.cos(angle) * weights.frequencies().magnitude();
            double sin = Math.sin(angle) * weights.frequencies().magnitude();
            int even = head[2 * pair];
            int odd = head[2 * pair + 1];
            result[2 * pair] = tape.add(tape.times(even, cos), tape.times(odd, -sin));
            result[2 * pair + 1] = tape.add(tape.times(even, sin), tape.times(odd, cos));
        }
        return result;
    }

    /// One layer's parameters; remembers the inputs that rows had before the layer changed them.
    private static final class Block {

        private final int[][] prompt;
        private final int[][] down;
        private final int[][] up;
        private final int[] gate;
        private final List<int[]> inputs = new ArrayList<>();

        private Block(int[][] prompt, int[][] down, int[][] up, int[] gate) {
            this.prompt = prompt;
            this.down = down;
            this.up = up;
            this.gate = gate;
        }

        static @Nullable Block of(ExcitorConfig c, int[] leaves, int layer) {
            int place = c.layers().indexOf(layer);
            if (place < 0) {
                return null;
            }
            int extra = c.extraWidth();
            int size = c.promptLength() * extra + c.rank() * c.base().width() + extra * c.rank() + c.gateCount();
            int at = place * size;
            int[][] prompt = matrix(leaves, at, c.promptLength(), extra);
            at += c.promptLength() * extra;
            int[][] down = matrix(leaves, at, c.rank(), c.base().width());
            at += c.rank() * c.base().width();
            int[][] up = matrix(leaves, at, extra, c.rank());
            at += extra * c.rank();
            return new Block(prompt, down, up, Arrays.copyOfRange(leaves, at, at + c.gateCount()));
        }

        private static int[][] matrix(int[] leaves, int at, int rows, int cols) {
            int[][] result = new int[rows][];
            Arrays.setAll(result, row -> Arrays.copyOfRange(leaves, at + row * cols, at + (row + 1) * cols));
            return result;
        }

        int[] input(int[] source, int row) {
            if (row == inputs.size()) {
                inputs.add(source);
            }
            return inputs.get(row);
        }

        /// The d channels of k' that a head meets.
        int[] key(Tape tape, ExcitorConfig c, int[] x, int slice, int d) {
            int[] z = Arrays.stream(down).mapToInt(row -> tape.dot(x, row)).toArray();
            int[] e = Arrays.stream(up).mapToInt(row -> tape.dot(z, row)).toArray();
            int dim = c.extraWidth() / c.innerHeadCount();
            int from = slice * d / dim * dim;
            int[] query = Arrays.copyOfRange(e, from, from + dim);
            int[] scores = Arrays.stream(prompt)
                    .mapToInt(row -> tape.times(
                            tape.dot(query, Arrays.copyOfRange(row, from, from + dim)), c.effectiveInnerScale()))
                    .toArray();
            int[] a = tape.softmax(scores);
            int[] key = new int[d];
            for (int channel = 0; channel < d; channel++) {
                int column = slice * d + channel;
                key[channel] = tape.dot(
                        a, Arrays.stream(prompt).mapToInt(row -> row[column]).toArray());
            }
            return key;
        }

        int gate(Tape tape, ExcitorConfig c, int head) {
            int g = gate[
                    switch (c.gateShape()) {
                        case SCALAR -> 0;
                        case HEAD -> head;
                        case KV_HEAD -> head * c.base().kvHeads() / c.base().heads();
                    }];
            return c.gateActivation() == ExcitorConfig.GateActivation.TANH ? tape.tanh(g) : g;
        }
    }
}
