package dev.excitor.loaders.conversion;

import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A tensor's name, taken apart: `blk.7.attn_v.weight` is the matrix `attn_v` of layer 7.
///
/// @param name   whole
/// @param layer  the layer, -1 for what belongs to none
/// @param matrix the name without layer and `.weight`; other endings stay
record TensorName(String name, int layer, String matrix) {

    /// The order in which llama.cpp writes tensors: what belongs to no layer first, then by layer, then by name.
    static final Comparator<TensorName> ORDER =
            Comparator.comparingInt(TensorName::layer).thenComparing(TensorName::name);

    private static final String WEIGHT = ".weight";

    /// Nine digits fit into an int.
    private static final Pattern IN_LAYER = Pattern.compile("blk\\.(\\d{1,9})\\.(.*)", Pattern.DOTALL);

    static TensorName of(String name) {
        Matcher inLayer = IN_LAYER.matcher(name);
        boolean matches = inLayer.matches();
        String rest = matches ? inLayer.group(2) : name;
        return new TensorName(
                name,
                matches ? Integer.parseInt(inLayer.group(1)) : -1,
                rest.endsWith(WEIGHT) ? rest.substring(0, rest.length() - WEIGHT.length()) : rest);
    }

    /// Whether it is a weight that may have fewer bits: norms and biases keep theirs.
    boolean isWeight() {
        return name.endsWith(WEIGHT) && !matrix.endsWith("_norm");
    }
}
