package dev.excitor.runtime.kernel.x86.ops;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;

/// Writes `e^x` of a register of floats: within 2 ulp, 0 far below, infinite far above, NaN for NaN.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2; e^r as 1 + r + r^2 P(r), where P interpolates at the six Chebyshev nodes of
/// that interval; 2^n by an instruction that knows subnormal results and overflow, or as the product of two powers that
/// are normal floats, so that only the last product rounds.
final class Exponential {

    /// Beyond these e^x is 0 or infinite anyway, and n stays a small number.
    private static final float BOUND = 128;

    /// Of a float, below its exponent.
    private static final int FRACTION_BITS = 23;

    private final Assembler a;
    private final Vec log2e;
    private final Vec minusLn2High;
    private final Vec minusLn2Low;
    private final Vec one;
    private final Listing k;

    Exponential(Listing k) {
        this.k = k;
        this.a = k.asm();
        this.log2e = k.constant(Constants.floats(1.442695f));
        // the product of the first part with a small integer is exact
        this.minusLn2High = k.constant(Constants.floats(-0x1.63p-1f));
        this.minusLn2Low = k.constant(Constants.floats(2.1219444E-4f));
        this.one = k.constant(Constants.floats(1));
    }

    /// @param x becomes e^x
    /// @param n is lost
    /// @param p is lost
    void of(Vec x, Vec n, Vec p) {
        // these two keep a NaN where it is the second source
        a.vmovups(n, k.memory(Constants.floats(-BOUND)));
        a.vmaxps(x, n, x);
        a.vmovups(n, k.memory(Constants.floats(BOUND)));
        a.vminps(x, n, x);
        a.vmulps(n, x, log2e);
        k.registers().round(a, n, n);
        a.vfmadd231ps(x, n, minusLn2High);
        a.vfmadd231ps(x, n, minusLn2Low);
        polynomial(x, p);
        if (k.registers().isWide()) {
            a.vscalefps(x, p, n);
        } else {
            scale(x, p, n);
        }
    }

    /// x = p 2^n, with n as the sum of two halves. What is no number has some n, and stays none.
    private void scale(Vec x, Vec p, Vec n) {
        a.vcvtps2dq(n, n);
        a.vpsrad(x, n, 1);
        a.vpsubd(n, n, x);
        powerOfTwo(x);
        powerOfTwo(n);
        a.vmulps(x, x, p);
        a.vmulps(x, x, n);
    }

    /// Of integers that a float's exponent can be.
    private void powerOfTwo(Vec n) {
        a.vpslld(n, n, FRACTION_BITS);
        a.vpaddd(n, n, one);
    }

    /// p = 1 + r + r^2 P(r)
    private void polynomial(Vec r, Vec p) {
        a.vmovups(p, k.memory(Constants.floats(1.989103E-4f)));
        for (float coefficient : new float[] {0.0013933686f, 0.0083333105f, 0.041666463f, 0.16666667f, 0.5f}) {
            a.vfmadd213ps(p, r, k.memory(Constants.floats(coefficient)));
        }
        a.vmulps(p, p, r);
        a.vfmadd213ps(p, r, r);
        a.vaddps(p, p, one);
    }
}
