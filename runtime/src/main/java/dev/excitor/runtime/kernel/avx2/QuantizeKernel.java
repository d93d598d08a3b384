package dev.excitor.runtime.kernel.avx2;

import static dev.excitor.runtime.asm.Gpr.RCX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RDX;
import static dev.excitor.runtime.asm.Gpr.RSI;
import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.Mem;
import dev.excitor.runtime.asm.Operand;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;
import dev.excitor.runtime.kernel.x86.Q8Packing;
import dev.excitor.runtime.kernel.x86.Sums;

/// Rounds activations to bytes, each 32 by their own scale, and draws one of the pictures [Q8Records] and [Q8Octets]:
///
/// ```text
/// m = max |x|      scale = m (1/127)      q = round(x (127/m)), ties to even; 0 where m = 0
/// ```
///
/// The largest magnitude is found among the bit patterns, as integers, where NaN is larger than infinity and
/// infinity larger than any number: what is not a number stays that, in the scale. What has no nearest integer
/// becomes 0, the lowest byte of 0x8000_0000; so every q is from -127 to 127.
///
/// Takes the arguments of [Q8Packing]; steps follow each other.
final class QuantizeKernel {

    private static final Vec T = Vec.ymm(4);
    private static final Vec FACTOR = Vec.ymm(5);
    private static final Vec MAX = Vec.ymm(6);
    private static final Vec BYTES = Vec.ymm(7);
    private static final Vec SCALE = Vec.ymm(8);

    private final Listing k = new Listing();
    private final Assembler a = k.asm();

    private final Vec largest = k.register(Constants.floats(127));
    private final Vec ones = k.register(Constants.bytes(i -> 1));
    private final Vec order = k.register(Constants.ints(i -> i / 2 + i % 2 * 4));
    private final Operand magnitude = k.memory(Constants.ints(i -> 0x7fffffff));
    private final Operand zero = k.memory(Constants.ints(i -> 0));
    private final Operand inverse = k.memory(Constants.floats(1 / 127f));
    private final Operand wordOnes = k.memory(Constants.words(i -> 1));

    private QuantizeKernel() {}

    static byte[] assembleRecords() {
        return new QuantizeKernel().records();
    }

    static byte[] assembleOctets(Q8Octets picture) {
        return new QuantizeKernel().octets(picture);
    }

    private byte[] records() {
        a.mov(RSI, at(RDI, Q8Packing.X));
        a.mov(RCX, at(RDI, Q8Packing.STEPS));
        a.mov(RDX, at(RDI, Q8Packing.OUT));
        Label next = a.here();
        quantize();
        a.vmovups(at(RDX), BYTES);
        a.vmovss(at(RDX, Q8Records.SCALE), SCALE.x());
        recordSums();
        a.add(RSI, Q8Records.STEP * Float.BYTES);
        a.add(RDX, Q8Records.BYTES);
        a.dec(RCX);
        a.jnz(next);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    private byte[] octets(Q8Octets picture) {
        a.mov(RSI, at(RDI, Q8Packing.X));
        a.mov(RCX, at(RDI, Q8Packing.STEPS));
        a.mov(RDX, at(RDI, Q8Packing.OUT));
        Label done = new Label();
        Label octet = a.here();
        Sums.clear(a, T);
        for (int line = Q8Octets.SCALES; line < Q8Octets.OFFSETS; line += 32) {
            a.vmovups(at(RDX, line), T);
        }
        for (int step = 0; step < Q8Octets.STEPS; step++) {
            quantize();
            a.vmovups(at(RDX, picture.half(step, 0)), BYTES.x());
            a.vextracti128(at(RDX, picture.half(step, 1)), BYTES, 1);
            a.vmovss(at(RDX, Q8Octets.SCALES + step * Float.BYTES), SCALE.x());
            octetSums(picture, step);
            a.add(RSI, Q8Records.STEP * Float.BYTES);
            a.dec(RCX);
            a.jz(done);
        }
        a.add(RDX, Q8Octets.BYTES);
        a.jmp(octet);
        a.bind(done);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    private void octetSums(Q8Octets picture, int step) {
        Mem sum = at(RDX, Q8Octets.SUMS + step * Float.BYTES);
        if (picture.middle() == 0) {
            halves();
            storeScaled(sum, T.x());
            storeScaled(at(RDX, Q8Octets.HALF_SUMS + 2 * step * Float.BYTES), Vec.xmm(0));
            storeScaled(at(RDX, Q8Octets.HALF_SUMS + (2 * step + 1) * Float.BYTES), Vec.xmm(1));
        } else if (picture.pairs()) {
            halves();
            a.vpslld(T.x(), T.x(), picture.middle());
            a.vmovss(sum, T.x());
        } else {
            a.vpmaddubsw(T, ones, BYTES);
            a.vpsllw(T, T, picture.middle());
            a.vmovups(at(RDX, Q8Octets.OFFSETS + step * 32), T);
        }
    }

    /// 32 numbers into BYTES and SCALE.
    private void quantize() {
        findLargest();
        round();
    }

    /// 32 numbers into ymm 0 to 3, and MAX, the largest magnitude, in every lane.
    private void findLargest() {
        for (int i = 0; i < 4; i++) {
            Vec x = Vec.ymm(i);
            a.vmovups(x, at(RSI, i * 32));
            a.vpand(i == 0 ? MAX : T, x, magnitude);
            if (i > 0) {
                a.vpmaxsd(MAX, MAX, T);
            }
        }
        a.vextracti128(T.x(), MAX, 1);
        a.vpmaxsd(MAX.x(), MAX.x(), T.x());
        a.vpshufd(T.x(), MAX.x(), 0b01_00_11_10);
        a.vpmaxsd(MAX.x(), MAX.x(), T.x());
        a.vpshufd(T.x(), MAX.x(), 0b10_11_00_01);
        a.vpmaxsd(MAX.x(), MAX.x(), T.x());
        a.vbroadcastss(MAX, MAX.x());
    }

    /// BYTES and SCALE. Register i gives the i-th 32-bit lane of each half, which the last shuffle puts in order.
    private void round() {
        a.vdivps(FACTOR, largest, MAX);
        a.vpcmpgtd(T, MAX, zero);
        a.vpand(FACTOR, FACTOR, T);
        for (int i = 0; i < 4; i++) {
            int lane = i;
            Vec x = Vec.ymm(i);
            a.vmulps(x, x, FACTOR);
            a.vcvtps2dq(x, x);
            a.vpshufb(x, x, k.memory(Constants.bytes(at -> at / 4 % 4 == lane ? at % 4 * 4 : 0x80)));
            if (i > 0) {
                a.vpor(Vec.ymm(0), Vec.ymm(0), x);
            }
        }
        a.vpermd(BYTES, order, Vec.ymm(0));
        a.vmulps(SCALE, MAX, inverse);
    }

    /// The sums of a record, and of the pairs that they are made of.
    private void recordSums() {
        Vec low = Vec.xmm(0);
        Vec high = Vec.xmm(1);
        pairs();
        a.vmovss(at(RDX, Q8Records.HALF_PAIRS), low);
        a.vmovss(at(RDX, Q8Records.HALF_PAIRS + 4), high);
        a.vpaddw(T.x(), low, high);
        a.vmovss(at(RDX, Q8Records.PAIRS), T.x());
        a.vpmaddwd(T.x(), T.x(), wordOnes);
        a.vmovss(at(RDX, Q8Records.TOTAL), T.x());
        storeScaled(at(RDX, Q8Records.SUM), T.x());
        a.vpmaddwd(low, low, wordOnes);
        storeScaled(at(RDX, Q8Records.HALF_SUMS), low);
        a.vpmaddwd(high, high, wordOnes);
        storeScaled(at(RDX, Q8Records.HALF_SUMS + 4), high);
    }

    /// The sum of all bytes in the lowest lane of T, those of each half in those of xmm 0 and 1.
    private void halves() {
        pairs();
        a.vpmaddwd(Vec.xmm(0), Vec.xmm(0), wordOnes);
        a.vpmaddwd(Vec.xmm(1), Vec.xmm(1), wordOnes);
        a.vpaddd(T.x(), Vec.xmm(0), Vec.xmm(1));
    }

    /// The sums of the first and of the last two of each four bytes, as two words: in xmm 0 and 1, one for each half.
    private void pairs() {
        Vec low = Vec.ymm(0);
        a.vpmaddubsw(low, ones, BYTES);
        a.vpshufd(T, low, 0b01_00_11_10);
        a.vpaddw(low, low, T);
        a.vpshufd(T, low, 0b10_11_00_01);
        a.vpaddw(low, low, T);
        a.vextracti128(Vec.xmm(1), low, 1);
    }

    private void storeScaled(Mem to, Vec sum) {
        a.vcvtdq2ps(sum, sum);
        a.vmulps(sum, sum, SCALE.x());
        a.vmovss(to, sum);
    }
}
