package dev.excitor.runtime.kernel.x86.ops;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.OpMask;
import dev.excitor.runtime.asm.Operand;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;

/// Writes `e^x` of a register of floats that are at most 0: within 1 ulp, 0 below -86.98 as the Vector API form has it,
/// NaN for NaN.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2; e^r as 1 + r (1 + r P(r)), where P interpolates at the five Chebyshev nodes of
/// that interval, with a relative error of 1.1e-8. One bound and no overflow: three quarters of the instructions of
/// [Exponential], in a loop where they count. Where no instruction multiplies by 2^n, n is added to the exponent, which
/// stays that of a normal float.
///
/// ```text
/// zmm 16..17  lost        zmm 22..31  constants, from load() on        k1  lost
/// ymm 13..15  lost        constants stay in memory
/// ```
final class ScoreExponential {

    private static final float LOWEST = -86.98f;

    /// A predicate of comparisons that NaN fulfils.
    private static final int NOT_LESS = 5;

    /// Of a float, below its exponent.
    private static final int FRACTION_BITS = 23;

    private static final float LOG2_E = 1.442695f;

    /// Its product with a small integer is exact.
    private static final float LN2_HIGH = 0x1.63p-1f;

    private static final float LN2_LOW = -2.1219444E-4f;

    /// Of P, the highest first.
    private static final float[] COEFFICIENTS = {0x1.6d110ap-10f, 0x1.120b6ep-7f, 0x1.55551ap-5f, 0x1.5554dcp-3f, 0.5f};

    private final Assembler a;
    private final Registers registers;
    private final Vec n;
    private final Vec p;
    private final Vec inside;
    private final Operand bound;
    private final Operand log2e;
    private final Operand ln2High;
    private final Operand ln2Low;
    private final Operand one;
    private final Operand[] coefficients = new Operand[COEFFICIENTS.length];

    ScoreExponential(Assembler a, Registers registers) {
        this.a = a;
        this.registers = registers;
        this.n = registers.get(registers.isWide() ? 16 : 13);
        this.p = registers.get(registers.isWide() ? 17 : 14);
        this.inside = registers.get(15);
        this.bound = constant(22, LOWEST);
        this.log2e = constant(23, LOG2_E);
        this.ln2High = constant(24, LN2_HIGH);
        this.ln2Low = constant(25, LN2_LOW);
        this.one = constant(26, 1);
        for (int i = 0; i < COEFFICIENTS.length; i++) {
            coefficients[i] = constant(27 + i, COEFFICIENTS[i]);
        }
    }

    /// A register of the 32, or memory where there are 16.
    private Operand constant(int register, float value) {
        return registers.isWide() ? registers.get(register) : a.constant(Constants.floats(value));
    }

    /// Loads the constants.
    void load() {
        if (registers.isWide()) {
            load(bound, LOWEST);
            load(log2e, LOG2_E);
            load(ln2High, LN2_HIGH);
            load(ln2Low, LN2_LOW);
            load(one, 1);
            for (int i = 0; i < COEFFICIENTS.length; i++) {
                load(coefficients[i], COEFFICIENTS[i]);
            }
        }
    }

    private void load(Operand register, float value) {
        a.vmovups((Vec) register, a.constant(Constants.floats(value)));
    }

    /// @param x becomes e^x
    void of(Vec x) {
        if (registers.isWide()) {
            a.vcmpps(OpMask.K1, x, bound, NOT_LESS);
        } else {
            a.vcmpps(inside, x, bound, NOT_LESS);
        }
        a.vmulps(n, x, log2e);
        registers.round(a, n, n);
        a.vfnmadd231ps(x, n, ln2High);
        a.vfnmadd231ps(x, n, ln2Low);
        if (coefficients[0] instanceof Vec first) {
            a.vmovaps(p, first);
        } else {
            a.vmovups(p, coefficients[0]);
        }
        for (int i = 1; i < COEFFICIENTS.length; i++) {
            a.vfmadd213ps(p, x, coefficients[i]);
        }
        a.vfmadd213ps(p, x, one);
        a.vfmadd213ps(p, x, one);
        if (registers.isWide()) {
            a.vscalefps(x.under(OpMask.K1).orZero(), p, n);
        } else {
            a.vcvtps2dq(n, n);
            a.vpslld(n, n, FRACTION_BITS);
            a.vpaddd(p, p, n);
            a.vpand(x, p, inside);
        }
    }
}
