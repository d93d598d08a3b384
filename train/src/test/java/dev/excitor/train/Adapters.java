package dev.excitor.train;

import dev.excitor.model.adapter.ExcitorConfig;
import dev.excitor.model.adapter.ExcitorConfig.Base;
import dev.excitor.model.adapter.ExcitorConfig.ExtraKeyRope;
import dev.excitor.model.adapter.ExcitorConfig.GateActivation;
import dev.excitor.model.adapter.ExcitorConfig.GateShape;
import dev.excitor.model.adapter.ExcitorConfig.InnerHeads;
import dev.excitor.model.adapter.ExcitorConfig.Input;
import dev.excitor.model.adapter.ExcitorConfig.QueryRope;
import dev.excitor.model.adapter.ExcitorConfig.RopeLayout;
import dev.excitor.model.adapter.ExcitorConfig.Width;
import dev.excitor.model.arch.Dimensions;
import dev.excitor.train.adapter.ExcitorParameters;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;

/// Adapters of every combination of settings, with random numbers.
final class Adapters {

    private Adapters() {}

    /// Every combination of the settings that change what is computed.
    static Stream<ExcitorConfig> all(Dimensions dims, List<Integer> layers) {
        return Stream.of(QueryRope.values())
                .flatMap(queryRope -> Stream.of(ExtraKeyRope.values())
                        .flatMap(extraKeyRope -> Stream.of(InnerHeads.values())
                                .flatMap(innerHeads -> Stream.of(GateShape.values())
                                        .flatMap(gateShape -> Stream.of(GateActivation.values())
                                                .flatMap(activation -> Stream.of(Input.values())
                                                        .flatMap(input -> Stream.of(Width.values())
                                                                .map(width -> new ExcitorConfig(
                                                                        layers,
                                                                        3,
                                                                        2,
                                                                        queryRope,
                                                                        extraKeyRope,
                                                                        innerHeads,
                                                                        Optional.of(0.7f),
                                                                        gateShape,
                                                                        activation,
                                                                        input,
                                                                        width,
                                                                        RopeLayout.INTERLEAVED,
                                                                        Optional.empty(),
                                                                        base(dims)))))))));
    }

    /// The same adapter in both orders of channels.
    static Stream<ExcitorConfig> layouts(ExcitorConfig c) {
        return Stream.of(RopeLayout.values())
                .map(layout -> new ExcitorConfig(
                        c.layers(),
                        c.promptLength(),
                        c.rank(),
                        c.queryRope(),
                        c.extraKeyRope(),
                        c.innerHeads(),
                        c.innerScale(),
                        c.gateShape(),
                        c.gateActivation(),
                        c.input(),
                        c.width(),
                        layout,
                        c.promptTemplate(),
                        c.base()));
    }

    static Base base(Dimensions dims) {
        return new Base(dims.layers(), dims.width(), dims.heads(), dims.kvHeads(), dims.keyDim(), Optional.empty());
    }

    static void randomize(ExcitorParameters parameters, Random random) {
        for (int i = 0; i < parameters.size(); i++) {
            parameters.value(i, (float) random.nextGaussian() / 2);
        }
    }

    static double[] values(ExcitorParameters parameters) {
        double[] values = new double[parameters.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = parameters.value(i);
        }
        return values;
    }

    static double[] gradients(ExcitorParameters parameters) {
        double[] gradients = new double[parameters.size()];
        for (int i = 0; i < gradients.length; i++) {
            gradients[i] = parameters.gradient(i);
        }
        return gradients;
    }
}
