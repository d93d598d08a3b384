package dev.excitor.train.pretrain;

import dev.excitor.train.ops.Sequences;
import dev.excitor.train.pretrain.LlamaParameters.Part;

/// The loss of a text by the definition, in double and one number after the other.
final class ReferenceLlama {

    private final LlamaParameters parameters;
    private final LlamaShape shape;
    private final double[] weights;

    ReferenceLlama(LlamaParameters parameters, double[] weights) {
        this.parameters = parameters;
        this.weights = weights;
        shape = parameters.shape();
    }

    /// Mean loss per token.
    double loss(Sequences batch) {
        double sum = 0;
        for (int text = 0; text < batch.count(); text++) {
            sum += loss(batch, batch.start(text), batch.end(text) - batch.start(text));
        }
        return sum / batch.rows();
    }

    private double loss(Sequences batch, int start, int length) {
        int width = shape.width();
        double[][] x = new double[length][width];
        for (int t = 0; t < length; t++) {
            int at = parameters.embedding().at() + batch.tokens()[start + t] * width;
            System.arraycopy(weights, at, x[t], 0, width);
        }
        for (int i = 0; i < shape.layers(); i++) {
            LlamaParameters.Layer layer = parameters.layer(i);
            double[][] q = new double[length][];
            double[][] k = new double[length][];
            double[][] v = new double[length][];
            for (int t = 0; t < length; t++) {
                double[] normed = norm(x[t], layer.attentionNorm());
                q[t] = turn(multiply(layer.query(), normed), t);
                k[t] = turn(multiply(layer.key(), normed), t);
                v[t] = multiply(layer.value(), normed);
            }
            for (int t = 0; t < length; t++) {
                add(x[t], multiply(layer.output(), attend(q[t], k, v, t)));
                double[] normed = norm(x[t], layer.ffnNorm());
                double[] gate = multiply(layer.gate(), normed);
                double[] up = multiply(layer.up(), normed);
                for (int j = 0; j < gate.length; j++) {
                    gate[j] = gate[j] / (1 + Math.exp(-gate[j])) * up[j];
                }
                add(x[t], multiply(layer.down(), gate));
            }
        }
        double loss = 0;
        for (int t = 0; t < length; t++) {
            double[] logits = multiply(parameters.embedding(), norm(x[t], parameters.norm()));
            double sum = 0;
            for (double logit : logits) {
                sum += Math.exp(logit);
            }
            loss += Math.log(sum) - logits[batch.targets()[start + t]];
        }
        return loss;
    }

    private double[] attend(double[] q, double[][] k, double[][] v, int t) {
        double[] out = new double[shape.query()];
        int d = shape.headSize();
        for (int head = 0; head < shape.heads(); head++) {
            int kv = head / (shape.heads() / shape.kvHeads());
            double[] scores = new double[t + 1];
            double sum = 0;
            for (int j = 0; j <= t; j++) {
                for (int c = 0; c < d; c++) {
                    scores[j] += q[head * d + c] * k[j][kv * d + c] / Math.sqrt(d);
                }
                scores[j] = Math.exp(scores[j]);
                sum += scores[j];
            }
            for (int j = 0; j <= t; j++) {
                for (int c = 0; c < d; c++) {
                    out[head * d + c] += scores[j] / sum * v[j][kv * d + c];
                }
            }
        }
        return out;
    }

    private double[] turn(double[] heads, int position) {
        int d = shape.headSize();
        for (int at = 0; at < heads.length; at += 2) {
            double angle = position * Math.pow(LlamaShape.ROPE_BASE, -(double) (at % d) / d);
            double x = heads[at];
            double y = heads[at + 1];
            heads[at] = x * Math.cos(angle) - y * Math.sin(angle);
            heads[at + 1] = x * Math.sin(angle) + y * Math.cos(angle);
        }
        return heads;
    }

    private double[] norm(double[] x, Part gain) {
        double square = 0;
        for (double each : x) {
            square += each * each / x.length;
        }
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = x[i] / Math.sqrt(square + LlamaShape.EPSILON) * weights[gain.at() + i];
        }
        return y;
    }

    private double[] multiply(Part matrix, double[] x) {
        double[] y = new double[matrix.rows()];
        for (int row = 0; row < y.length; row++) {
            for (int col = 0; col < x.length; col++) {
                y[row] += weights[matrix.at() + row * matrix.cols() + col] * x[col];
            }
        }
        return y;
    }

    private static void add(double[] x, double[] y) {
        for (int i = 0; i < x.length; i++) {
            x[i] += y[i];
        }
    }
}
