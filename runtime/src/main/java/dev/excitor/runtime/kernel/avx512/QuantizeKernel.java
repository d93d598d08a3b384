package dev.excitor.runtime.kernel.avx512;

import static dev.excitor.runtime.asm.Gpr.RCX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RDX;
import static dev.excitor.runtime.asm.Gpr.RSI;
import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.OpMask;
import dev.excitor.runtime.asm.Vec;

/// Rounds activations to bytes, each 32 by their own scale:
///
/// ```text
/// m = max |x|      scale = m (1/127)      q = round(x (127/m)), ties to even; 0 where m = 0
/// ```
///
/// The largest magnitude is found among the bit patterns, as integers, where NaN is larger than infinity and infinity
/// larger than any number: what is not a number stays that, in the scale.
final class QuantizeKernel {

    /// Which picture is drawn: [Q8Lanes] or [Q8Records].
    enum Form {
        LANES,
        RECORDS
    }

    // the arguments, eight bytes each
    static final int X = 0;
    static final int STEPS = 8;
    static final int OUT = 16;

    private static final Vec BYTES = Vec.zmm(4);
    private static final Vec SCALES = Vec.zmm(5);

    private final Listing k = new Listing();
    private final Assembler a = k.asm();

    private final Vec magnitude = k.constantInts(i -> 0x7fffffff);
    private final Vec largest = k.constant(Constants.floats(127));
    private final Vec inverse = k.constant(Constants.floats(1 / 127f));
    private final Vec each128 = k.constantBytes(i -> 128);
    private final Vec by128 = k.constant(Constants.floats(1 / 128f));
    private final Vec zero = k.constantInts(i -> 0);

    private QuantizeKernel() {}

    /// Rows follow each other, so one loop of steps of 64 numbers takes them all.
    static byte[] assemble(Form form) {
        return new QuantizeKernel().loop(form);
    }

    private byte[] loop(Form form) {
        a.mov(RSI, at(RDI, X));
        a.mov(RCX, at(RDI, STEPS));
        a.mov(RDX, at(RDI, OUT));
        Label next = a.here();
        half(0);
        half(1);
        sums();
        if (form == Form.LANES) {
            storeLanes();
            a.add(RDX, Q8Lanes.STEP_BYTES);
        } else {
            storeRecord(0);
            storeRecord(1);
            a.add(RDX, 2 * Q8Records.BYTES);
        }
        a.add(RSI, 64 * Float.BYTES);
        a.dec(RCX);
        a.jnz(next);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /// 32 numbers into half of BYTES and SCALES.
    private void half(int half) {
        Vec low = Vec.zmm(0);
        Vec high = Vec.zmm(1);
        Vec max = Vec.zmm(2);
        Vec t = Vec.zmm(3);
        a.vmovups(low, at(RSI, half * 128));
        a.vmovups(high, at(RSI, half * 128 + 64));
        a.vpandd(max, low, magnitude);
        a.vpandd(t, high, magnitude);
        a.vpmaxsd(max, max, t);
        a.vextracti64x4(t.y(), max, 1);
        a.vpmaxsd(max.y(), max.y(), t.y());
        a.vextracti32x4(t.x(), max.y(), 1);
        a.vpmaxsd(max.x(), max.x(), t.x());
        a.vpshufd(t.x(), max.x(), 0b01_00_11_10);
        a.vpmaxsd(max.x(), max.x(), t.x());
        a.vpshufd(t.x(), max.x(), 0b10_11_00_01);
        a.vpmaxsd(max.x(), max.x(), t.x());
        a.vbroadcastss(max, max.x());
        a.vptestmd(OpMask.K2, max, max);
        a.vdivps(t.under(OpMask.K2).orZero(), largest, max);
        a.vmulps(low, low, t);
        a.vmulps(high, high, t);
        a.vcvtps2dq(low, low);
        a.vcvtps2dq(high, high);
        a.vpmovdb(low.x(), low);
        a.vpmovdb(high.x(), high);
        if (half == 0) {
            a.vmovaps(BYTES.x(), low.x());
            a.vinserti32x4(BYTES, BYTES, high.x(), 1);
            a.vmulps(SCALES, max, inverse);
        } else {
            a.vinserti32x4(BYTES, BYTES, low.x(), 2);
            a.vinserti32x4(BYTES, BYTES, high.x(), 3);
            a.vmulps(max, max, inverse);
            a.vinserti64x4(SCALES, SCALES, max.y(), 1);
        }
    }

    /// zmm0: 128 times the sum of the four bytes of each lane.
    private void sums() {
        a.vpxord(Vec.zmm(0), Vec.zmm(0), Vec.zmm(0));
        a.vpdpbusd(Vec.zmm(0), each128, BYTES);
    }

    private void storeLanes() {
        Vec sum = Vec.zmm(0);
        Vec t = Vec.zmm(1);
        a.vmovups(at(RDX), BYTES);
        a.vmovups(at(RDX, Q8Lanes.SCALE), SCALES);
        a.vpsubd(t, zero, sum);
        a.vmovups(at(RDX, Q8Lanes.OFFSET), t);
        scaled(t, sum, SCALES);
        a.vmovups(at(RDX, Q8Lanes.SUM), t);
    }

    private void storeRecord(int half) {
        int to = half * Q8Records.BYTES;
        Vec q = Vec.zmm(1);
        Vec scale = Vec.zmm(2);
        Vec sums = Vec.zmm(3);
        Vec low = Vec.zmm(6);
        Vec high = Vec.zmm(7);
        Vec t = Vec.zmm(8);
        if (half == 0) {
            a.vmovaps(q, BYTES);
            a.vmovaps(scale, SCALES);
            a.vmovaps(sums, Vec.zmm(0));
        } else {
            a.vextracti64x4(q.y(), BYTES, 1);
            a.vextracti64x4(scale.y(), SCALES, 1);
            a.vextracti64x4(sums.y(), Vec.zmm(0), 1);
        }
        a.vpshufd(t.y(), sums.y(), 0b01_00_11_10);
        a.vpaddd(sums.y(), sums.y(), t.y());
        a.vpshufd(t.y(), sums.y(), 0b10_11_00_01);
        a.vpaddd(low.y(), sums.y(), t.y());
        a.vextracti32x4(high.x(), low.y(), 1);
        a.vmovups(at(RDX, to), q.y());
        a.vmovss(at(RDX, to + Q8Records.SCALE), scale.x());
        a.vpaddd(sums.x(), low.x(), high.x());
        storeSum(sums, scale, t, to + Q8Records.OFFSET, to + Q8Records.SUM);
        storeSum(low, scale, t, to + Q8Records.HALF_OFFSETS, to + Q8Records.HALF_SUMS);
        storeSum(high, scale, t, to + Q8Records.HALF_OFFSETS + 4, to + Q8Records.HALF_SUMS + 4);
    }

    private void storeSum(Vec sum, Vec scale, Vec t, int offset, int scaled) {
        a.vpsubd(t.x(), zero.x(), sum.x());
        a.vmovss(at(RDX, offset), t.x());
        scaled(t.x(), sum.x(), scale.x());
        a.vmovss(at(RDX, scaled), t.x());
    }

    /// `target = scale (sum / 128)`; the division is exact.
    private void scaled(Vec target, Vec sum, Vec scale) {
        Vec by = target.bits() == 512 ? by128 : by128.x();
        a.vcvtdq2ps(target, sum);
        a.vmulps(target, target, by);
        a.vmulps(target, target, scale);
    }
}
