package dev.excitor.model.evaluation;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/// Rows of logits for tests.
final class Rows {

    private Rows() {}

    static LogProbabilities of(float... logits) {
        return new LogProbabilities(logits.length).set(segment(logits));
    }

    static MemorySegment segment(float... logits) {
        return Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, logits);
    }

    /// Normally distributed logits.
    static float[] random(Random random, int size, double deviation) {
        float[] logits = new float[size];
        for (int i = 0; i < size; i++) {
            logits[i] = (float) (deviation * random.nextGaussian());
        }
        return logits;
    }

    /// The definition, without the maximum taken out.
    static double[] logSoftmax(float... logits) {
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit);
        }
        double[] result = new double[logits.length];
        for (int i = 0; i < logits.length; i++) {
            result[i] = Math.log(Math.exp(logits[i]) / sum);
        }
        return result;
    }
}
