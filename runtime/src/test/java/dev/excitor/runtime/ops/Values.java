package dev.excitor.runtime.ops;

import java.util.Random;

/// Kinds of numbers that operations meet.
enum Values {
    /// What a sound model computes with.
    GAUSSIAN {
        @Override
        float next(Random random) {
            return (float) random.nextGaussian();
        }
    },

    /// So small that squares and products vanish.
    TINY {
        @Override
        float next(Random random) {
            return switch (random.nextInt(4)) {
                case 0 -> Float.MIN_VALUE * random.nextInt(9);
                case 1 -> -Float.MIN_NORMAL / (1 + random.nextInt(1000));
                case 2 -> (float) (random.nextGaussian() * 1e-30);
                default -> random.nextBoolean() ? 0f : -0f;
            };
        }
    },

    /// Up to what nearly overflows, and nothing in between.
    HUGE {
        @Override
        float next(Random random) {
            float sign = random.nextBoolean() ? 1 : -1;
            return sign * (random.nextInt(3) == 0 ? 1e38f : (float) Math.pow(10, random.nextInt(60) - 30));
        }
    },

    /// Now and then something that is no number.
    NOT_FINITE {
        @Override
        float next(Random random) {
            return switch (random.nextInt(64)) {
                case 0 -> Float.NaN;
                case 1 -> Float.POSITIVE_INFINITY;
                case 2 -> Float.NEGATIVE_INFINITY;
                default -> HUGE.next(random);
            };
        }
    };

    abstract float next(Random random);

    float[] array(Random random, int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = next(random);
        }
        return numbers;
    }
}
