package dev.excitor.runtime.ops;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// The exponential function of a vector, from operations that are one instruction on every machine with vectors.
final class VectorExp {

    /// Below this, e^x is under 1.7e-38 and becomes 0.
    static final float LOWEST = -86.98f;
    /// The largest x with a finite e^x.
    static final float HIGHEST = 88.72283f;

    private static final float LOG2_E = 1.442695f;
    /// ln 2 in two parts: the product of the first with a small integer is exact.
    private static final float LN2_HIGH = 0x1.63p-1f;

    private static final float LN2_LOW = -2.1219444E-4f;
    /// Adding it to a small number leaves the nearest integer in the low bits.
    private static final float ROUNDER = 12582912f;

    private VectorExp() {}

    /// e^x within 1 ulp for x from [#LOWEST] to [#HIGHEST], 0 below, infinite above, NaN for NaN.
    ///
    /// x = n ln 2 + r with |r| <= ln 2 / 2; e^r as 1 + r + r^2 P(r), where P interpolates at the six
    /// Chebyshev nodes of that interval; 2^n from its bits.
    static FloatVector exp(VectorSpecies<Float> species, FloatVector x) {
        FloatVector rounder = FloatVector.broadcast(species, ROUNDER);
        FloatVector shifted = x.fma(FloatVector.broadcast(species, LOG2_E), rounder);
        FloatVector n = shifted.sub(rounder);
        FloatVector r = n.fma(FloatVector.broadcast(species, -LN2_HIGH), x);
        r = n.fma(FloatVector.broadcast(species, -LN2_LOW), r);
        FloatVector p = FloatVector.broadcast(species, 1.989103E-4f);
        p = p.fma(r, FloatVector.broadcast(species, 0.0013933686f));
        p = p.fma(r, FloatVector.broadcast(species, 0.0083333105f));
        p = p.fma(r, FloatVector.broadcast(species, 0.041666463f));
        p = p.fma(r, FloatVector.broadcast(species, 0.16666667f));
        p = p.fma(r, FloatVector.broadcast(species, 0.5f));
        p = p.fma(r.mul(r), r).add(1f);
        // 2^128 is no float: double e^r and scale by 2^(n-1)
        IntVector power = shifted.reinterpretAsInts().add(126).lanewise(VectorOperators.LSHL, 23);
        VectorMask<Float> low = x.compare(VectorOperators.LT, LOWEST);
        VectorMask<Float> high = x.compare(VectorOperators.GT, HIGHEST);
        return p.add(p).mul(power.reinterpretAsFloats()).blend(0f, low).blend(Float.POSITIVE_INFINITY, high);
    }
}
