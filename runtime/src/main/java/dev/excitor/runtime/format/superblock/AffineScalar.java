package dev.excitor.runtime.format.superblock;

import dev.excitor.runtime.format.superblock.AffineRule.Penalty;
import java.util.Arrays;

/// The definition of the search of [AffineQuantizer].
///
/// For fixed codes the best scale and min solve two linear equations; codes come from stretching the range a little
/// more each time. A min above zero cannot be written and becomes zero. Steps, weights and the order of additions are
/// those of GGML's reference quantizers, so that the same bytes come out.
final class AffineScalar implements AffineSearch {

    @Override
    public void search(
            float[] x, int from, AffineRule rule, float[] scratch, float[] scales, float[] mins, int[] codes) {
        for (int j = 0; j < rule.count(); j++) {
            new Fit(x, from + j * rule.size(), rule, scratch).search(j, scales, mins, codes);
        }
    }

    /// One sub-block: its weights are in the first part of the scratch, trial codes behind them.
    private record Fit(float[] x, int from, AffineRule rule, float[] scratch) {

        void search(int j, float[] scales, float[] mins, int[] codes) {
            int size = rule.size();
            weigh();
            float min = x[from];
            float max = x[from];
            float sumW = scratch[0];
            float sumX = sumW * x[from];
            for (int i = 1; i < size; i++) {
                min = Math.min(min, x[from + i]);
                max = Math.max(max, x[from + i]);
                sumW += scratch[i];
                sumX += scratch[i] * x[from + i];
            }
            min = Math.min(min, 0);
            if (max == min) {
                Arrays.fill(codes, j * size, (j + 1) * size, 0);
                scales[j] = 0;
                mins[j] = -min;
                return;
            }
            float inverse = rule.maxCode() / (max - min);
            float scale = 1 / inverse;
            assign(inverse, min);
            float bestError = error(scale, min);
            keep(codes, j * size);
            for (int step = 0; step <= rule.steps(); step++) {
                assign(rule.stretched(step) / (max - min), min);
                float sumC = 0;
                float sumCc = 0;
                float sumXc = 0;
                for (int i = 0; i < size; i++) {
                    float weighted = scratch[i] * trial(i);
                    sumC += weighted;
                    sumCc += weighted * trial(i);
                    sumXc += weighted * x[from + i];
                }
                float determinant = sumW * sumCc - sumC * sumC;
                if (determinant > 0) {
                    float newScale = (sumW * sumXc - sumX * sumC) / determinant;
                    float newMin = (sumCc * sumX - sumC * sumXc) / determinant;
                    if (newMin > 0) {
                        newMin = 0;
                        newScale = sumXc / sumCc;
                    }
                    float newError = error(newScale, newMin);
                    if (newError < bestError) {
                        keep(codes, j * size);
                        bestError = newError;
                        scale = newScale;
                        min = newMin;
                    }
                }
            }
            scales[j] = scale;
            mins[j] = -min;
        }

        private void weigh() {
            float rms = 0;
            if (rule.penalty() == Penalty.SQUARED) {
                float sum = 0;
                for (int i = from; i < from + rule.size(); i++) {
                    sum += x[i] * x[i];
                }
                rms = (float) Math.sqrt(sum / rule.size());
            }
            for (int i = 0; i < rule.size(); i++) {
                scratch[i] = rms + Math.abs(x[from + i]);
            }
        }

        private float trial(int i) {
            return scratch[rule.size() + i];
        }

        private void assign(float inverse, float min) {
            for (int i = 0; i < rule.size(); i++) {
                scratch[rule.size() + i] = ScaleSearch.nearest(inverse * (x[from + i] - min), 0, rule.maxCode());
            }
        }

        private void keep(int[] codes, int at) {
            for (int i = 0; i < rule.size(); i++) {
                codes[at + i] = (int) trial(i);
            }
        }

        private float error(float scale, float min) {
            float sum = 0;
            for (int i = 0; i < rule.size(); i++) {
                float difference = scale * trial(i) + min - x[from + i];
                float penalty = rule.penalty() == Penalty.ABSOLUTE ? Math.abs(difference) : difference * difference;
                sum += scratch[i] * penalty;
            }
            return sum;
        }
    }
}
