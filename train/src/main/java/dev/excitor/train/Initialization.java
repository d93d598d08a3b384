package dev.excitor.train;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.train.adapter.ExcitorParameters;
import java.util.Random;

/// How an adapter's numbers begin.
///
/// The default is exactly the base model and alive: with W_up = 0 the softmax over the prompts is uniform, so that
/// every token has the same extra key, which adds the same to all scores of a query and changes no weight of attention;
/// and the gradient of W_up is not 0. Beginnings whose gradients are 0 for ever are refused.
///
/// @param promptDeviation standard deviation of P
/// @param upScale         0 for W_up = 0, else a factor of Kaiming's uniform bound, as W_down has it
/// @param gate            what every gate begins with, or the standard deviation of the gates
/// @param randomGate      whether `gate` is a standard deviation
public record Initialization(float promptDeviation, float upScale, float gate, boolean randomGate) {

    public Initialization {
        if (!(promptDeviation >= 0) || !(upScale >= 0) || !Float.isFinite(promptDeviation + upScale + gate)) {
            throw new ExcitorException.InvalidOption(
                    "the initialization",
                    "of finite numbers, deviations and scales at least 0",
                    promptDeviation + ", " + upScale + ", " + gate);
        }
    }

    /// P from N(0, 1), W_down Kaiming-uniform with a = sqrt 5, W_up = 0, every gate 0.1.
    public static Initialization defaults() {
        return new Initialization(1, 0, 0.1f, false);
    }

    /// All random: W_up as W_down, gates from N(0, 0.01).
    public static Initialization random() {
        return new Initialization(1, 1, 0.01f, true);
    }

    /// Fills in all numbers.
    ///
    /// @throws ExcitorException.InvalidOption when no gradient would ever reach something
    void fill(ExcitorParameters parameters, long seed) {
        Random random = new Random(seed);
        for (ExcitorParameters.Part part : parameters.parts()) {
            // Kaiming's bound with a = sqrt 5 is 1 / sqrt(fan-in)
            double bound = 1 / Math.sqrt(part.cols());
            for (int i = part.at(); i < part.at() + part.size(); i++) {
                double value = switch (part.kind()) {
                    case PROMPT -> promptDeviation * random.nextGaussian();
                    case DOWN -> bound * (2 * random.nextDouble() - 1);
                    case UP -> upScale * bound * (2 * random.nextDouble() - 1);
                    case GATE -> randomGate ? gate * random.nextGaussian() : gate;
                };
                parameters.value(i, (float) value);
            }
        }
        refuseDead(parameters);
    }

    /// Refuses numbers from which training could never get away: P = 0, or W_up = 0 together with gates or W_down of 0.
    static void refuseDead(ExcitorParameters parameters) {
        for (int layer : parameters.config().layers()) {
            boolean prompt = isZero(parameters, layer, ExcitorParameters.Kind.PROMPT);
            boolean up = isZero(parameters, layer, ExcitorParameters.Kind.UP);
            boolean gates = isZero(parameters, layer, ExcitorParameters.Kind.GATE);
            boolean down = isZero(parameters, layer, ExcitorParameters.Kind.DOWN);
            if (prompt || (up && (gates || down))) {
                throw new ExcitorException.InvalidOption(
                        "the initialization of layer " + layer,
                        "one with gradients: P not 0, and W_up not 0 unless gates and W_down are not",
                        prompt ? "P = 0" : gates ? "W_up = 0 with gates of 0" : "W_up = 0 with W_down = 0");
            }
        }
    }

    private static boolean isZero(ExcitorParameters parameters, int layer, ExcitorParameters.Kind kind) {
        ExcitorParameters.Part part = parameters.part(layer, kind);
        for (int i = part.at(); i < part.at() + part.size(); i++) {
            if (parameters.value(i) != 0) {
                return false;
            }
        }
        return true;
    }
}
