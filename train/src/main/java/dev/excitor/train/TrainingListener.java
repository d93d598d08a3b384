package dev.excitor.train;

/// Is told what training does, on the thread that trains.
@FunctionalInterface
public interface TrainingListener {

    /// An update has been made.
    void onStep(TrainingStep step);

    /// The loss of the validation examples has been measured: before the first update, in between, and at the end.
    ///
    /// @param step how many updates have been made
    /// @param loss mean of the scored tokens
    /// @param best whether it is the lowest so far
    default void onValidation(int step, double loss, boolean best) {}

    /// An update is complete, its measurements are made, and the trainer may be saved.
    ///
    /// @param step how many updates have been made
    default void onSafePoint(int step) {}
}
