package dev.excitor.runtime.kernel.x86.ops;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.OpMask;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;

/// Writes `e^x` of 16 floats that are at most 0: within 1 ulp, 0 below -86.98 as the Vector API form has it, NaN for
/// NaN.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2; e^r as 1 + r (1 + r P(r)), where P interpolates at the five Chebyshev nodes of
/// that interval, with a relative error of 1.1e-8. One bound and no overflow: three quarters of the instructions of
/// [Exponential], in a loop where they count.
///
/// ```text
/// zmm 16..17  lost        zmm 22..31  constants, from load() on        k1  lost
/// ```
final class ScoreExponential {

    private static final float LOWEST = -86.98f;

    /// A predicate of comparisons that NaN fulfils.
    private static final int NOT_LESS = 5;

    private static final Vec N = Vec.zmm(16);
    private static final Vec P = Vec.zmm(17);

    private static final Vec BOUND = Vec.zmm(22);
    private static final Vec LOG2_E = Vec.zmm(23);
    private static final Vec LN2_HIGH = Vec.zmm(24);
    private static final Vec LN2_LOW = Vec.zmm(25);
    private static final Vec ONE = Vec.zmm(26);

    /// Of P, the highest first, from zmm 27 on.
    private static final float[] COEFFICIENTS = {0x1.6d110ap-10f, 0x1.120b6ep-7f, 0x1.55551ap-5f, 0x1.5554dcp-3f, 0.5f};

    private final Assembler a;

    ScoreExponential(Assembler a) {
        this.a = a;
    }

    /// Loads the constants.
    void load() {
        load(BOUND, LOWEST);
        load(LOG2_E, 1.442695f);
        // the product of the first part with a small integer is exact
        load(LN2_HIGH, 0x1.63p-1f);
        load(LN2_LOW, -2.1219444E-4f);
        load(ONE, 1);
        for (int i = 0; i < COEFFICIENTS.length; i++) {
            load(coefficient(i), COEFFICIENTS[i]);
        }
    }

    private void load(Vec register, float value) {
        a.vmovups(register, a.constant(Constants.floats(value)));
    }

    private static Vec coefficient(int i) {
        return Vec.zmm(27 + i);
    }

    /// @param x becomes e^x
    void of(Vec x) {
        a.vcmpps(OpMask.K1, x, BOUND, NOT_LESS);
        a.vmulps(N, x, LOG2_E);
        a.vrndscaleps(N, N, 0);
        a.vfnmadd231ps(x, N, LN2_HIGH);
        a.vfnmadd231ps(x, N, LN2_LOW);
        a.vmovaps(P, coefficient(0));
        for (int i = 1; i < COEFFICIENTS.length; i++) {
            a.vfmadd213ps(P, x, coefficient(i));
        }
        a.vfmadd213ps(P, x, ONE);
        a.vfmadd213ps(P, x, ONE);
        a.vscalefps(x.under(OpMask.K1).orZero(), P, N);
    }
}
