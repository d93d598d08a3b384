package dev.excitor.runtime.kernel.vector;

import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Templates;
import java.lang.invoke.MethodHandles;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// A tile of 12 weight rows by two vectors of tokens, for 32 vector registers, so 24 sums, two activation vectors and
/// one weight.
///
/// Written out because every sum must be a local variable to live in a register; a template, see [Templates].
public final class GemmTile12x2 implements GemmTile {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final int N = F.length();
    private static final int PANEL = FloatPanels.PANEL;

    public GemmTile12x2() {}

    @Override
    public int rows() {
        return 12;
    }

    @Override
    public void multiply(
            float[] a, int aAt, int aStride, float[] b, int bAt, int cAt, int cStride, int depth, boolean first) {
        if (first) {
            for (int row = 0; row < 12; row++) {
                Arrays.fill(a, cAt + row * cStride, cAt + row * cStride + PANEL, 0f);
            }
        }
        for (int token = 0; token < PANEL; token += 2 * N) {
            columns(a, aAt, aStride, b, bAt + token, cAt + token, cStride, depth);
        }
    }

    private static void columns(float[] a, int aAt, int aStride, float[] b, int bAt, int cAt, int cStride, int depth) {
        int a0 = aAt + 0 * aStride;
        int c0 = cAt + 0 * cStride;
        FloatVector s0 = FloatVector.fromArray(F, a, c0);
        FloatVector t0 = FloatVector.fromArray(F, a, c0 + N);
        int a1 = aAt + 1 * aStride;
        int c1 = cAt + 1 * cStride;
        FloatVector s1 = FloatVector.fromArray(F, a, c1);
        FloatVector t1 = FloatVector.fromArray(F, a, c1 + N);
        int a2 = aAt + 2 * aStride;
        int c2 = cAt + 2 * cStride;
        FloatVector s2 = FloatVector.fromArray(F, a, c2);
        FloatVector t2 = FloatVector.fromArray(F, a, c2 + N);
        int a3 = aAt + 3 * aStride;
        int c3 = cAt + 3 * cStride;
        FloatVector s3 = FloatVector.fromArray(F, a, c3);
        FloatVector t3 = FloatVector.fromArray(F, a, c3 + N);
        int a4 = aAt + 4 * aStride;
        int c4 = cAt + 4 * cStride;
        FloatVector s4 = FloatVector.fromArray(F, a, c4);
        FloatVector t4 = FloatVector.fromArray(F, a, c4 + N);
        int a5 = aAt + 5 * aStride;
        int c5 = cAt + 5 * cStride;
        FloatVector s5 = FloatVector.fromArray(F, a, c5);
        FloatVector t5 = FloatVector.fromArray(F, a, c5 + N);
        int a6 = aAt + 6 * aStride;
        int c6 = cAt + 6 * cStride;
        FloatVector s6 = FloatVector.fromArray(F, a, c6);
        FloatVector t6 = FloatVector.fromArray(F, a, c6 + N);
        int a7 = aAt + 7 * aStride;
        int c7 = cAt + 7 * cStride;
        FloatVector s7 = FloatVector.fromArray(F, a, c7);
        FloatVector t7 = FloatVector.fromArray(F, a, c7 + N);
        int a8 = aAt + 8 * aStride;
        int c8 = cAt + 8 * cStride;
        FloatVector s8 = FloatVector.fromArray(F, a, c8);
        FloatVector t8 = FloatVector.fromArray(F, a, c8 + N);
        int a9 = aAt + 9 * aStride;
        int c9 = cAt + 9 * cStride;
        FloatVector s9 = FloatVector.fromArray(F, a, c9);
        FloatVector t9 = FloatVector.fromArray(F, a, c9 + N);
        int a10 = aAt + 10 * aStride;
        int c10 = cAt + 10 * cStride;
        FloatVector s10 = FloatVector.fromArray(F, a, c10);
        FloatVector t10 = FloatVector.fromArray(F, a, c10 + N);
        int a11 = aAt + 11 * aStride;
        int c11 = cAt + 11 * cStride;
        FloatVector s11 = FloatVector.fromArray(F, a, c11);
        FloatVector t11 = FloatVector.fromArray(F, a, c11 + N);
        for (int k = 0; k < depth; k++) {
            FloatVector x = FloatVector.fromArray(F, b, bAt + k * PANEL);
            FloatVector y = FloatVector.fromArray(F, b, bAt + k * PANEL + N);
            FloatVector w;
            w = FloatVector.broadcast(F, a[a0 + k]);
            s0 = w.fma(x, s0);
            t0 = w.fma(y, t0);
            w = FloatVector.broadcast(F, a[a1 + k]);
            s1 = w.fma(x, s1);
            t1 = w.fma(y, t1);
            w = FloatVector.broadcast(F, a[a2 + k]);
            s2 = w.fma(x, s2);
            t2 = w.fma(y, t2);
            w = FloatVector.broadcast(F, a[a3 + k]);
            s3 = w.fma(x, s3);
            t3 = w.fma(y, t3);
            w = FloatVector.broadcast(F, a[a4 + k]);
            s4 = w.fma(x, s4);
            t4 = w.fma(y, t4);
            w = FloatVector.broadcast(F, a[a5 + k]);
            s5 = w.fma(x, s5);
            t5 = w.fma(y, t5);
            w = FloatVector.broadcast(F, a[a6 + k]);
            s6 = w.fma(x, s6);
            t6 = w.fma(y, t6);
            w = FloatVector.broadcast(F, a[a7 + k]);
            s7 = w.fma(x, s7);
            t7 = w.fma(y, t7);
            w = FloatVector.broadcast(F, a[a8 + k]);
            s8 = w.fma(x, s8);
            t8 = w.fma(y, t8);
            w = FloatVector.broadcast(F, a[a9 + k]);
            s9 = w.fma(x, s9);
            t9 = w.fma(y, t9);
            w = FloatVector.broadcast(F, a[a10 + k]);
            s10 = w.fma(x, s10);
            t10 = w.fma(y, t10);
            w = FloatVector.broadcast(F, a[a11 + k]);
            s11 = w.fma(x, s11);
            t11 = w.fma(y, t11);
        }
        s0.intoArray(a, c0);
        t0.intoArray(a, c0 + N);
        s1.intoArray(a, c1);
        t1.intoArray(a, c1 + N);
        s2.intoArray(a, c2);
        t2.intoArray(a, c2 + N);
        s3.intoArray(a, c3);
        t3.intoArray(a, c3 + N);
        s4.intoArray(a, c4);
        t4.intoArray(a, c4 + N);
        s5.intoArray(a, c5);
        t5.intoArray(a, c5 + N);
        s6.intoArray(a, c6);
        t6.intoArray(a, c6 + N);
        s7.intoArray(a, c7);
        t7.intoArray(a, c7 + N);
        s8.intoArray(a, c8);
        t8.intoArray(a, c8 + N);
        s9.intoArray(a, c9);
        t9.intoArray(a, c9 + N);
        s10.intoArray(a, c10);
        t10.intoArray(a, c10 + N);
        s11.intoArray(a, c11);
        t11.intoArray(a, c11 + N);
    }
}
