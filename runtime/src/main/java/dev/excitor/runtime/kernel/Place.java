package dev.excitor.runtime.kernel;

/// Where in a model a matrix stands, for providers that take some layers and leave others.
///
/// @param layer  from 0 at the bottom; `layers` for the output matrix above them
/// @param layers of the model
/// @param rows   most rows of activations that it will meet at once
public record Place(int layer, int layers, int rows) {

    /// For a matrix that stands alone.
    public static final Place ALONE = new Place(0, 1, Integer.MAX_VALUE);

    public Place {
        if (layer < 0 || layer > layers || rows < 1) {
            throw new IllegalArgumentException("there is no layer %d of %d".formatted(layer, layers));
        }
    }

    /// In a layer of the model.
    public static Place inLayer(int layer, int layers) {
        return new Place(layer, layers, Integer.MAX_VALUE);
    }

    /// Above all layers.
    public static Place output(int layers, int rows) {
        return new Place(layers, layers, rows);
    }

    /// Whether it is among the top ones, where the output counts as one more on top of the layers.
    ///
    /// The rule of llama.cpp: fewer than all layers are the last ones without the output.
    public boolean isAmongTop(int count) {
        return layer == layers ? count > layers : layer >= layers - count;
    }
}
