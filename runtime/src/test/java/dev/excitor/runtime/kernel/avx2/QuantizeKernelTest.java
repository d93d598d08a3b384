package dev.excitor.runtime.kernel.avx2;

import dev.excitor.runtime.kernel.x86.Q8Reference.Run;
import dev.excitor.runtime.kernel.x86.QuantizeContract;
import java.util.List;
import java.util.stream.Stream;

/// [QuantizeContract] with the pictures of [QuantizeKernel]: the bytes and scales are those that every other tier
/// rounds to.
class QuantizeKernelTest extends QuantizeContract {

    QuantizeKernelTest() {
        super(new Avx2Tier(), all());
    }

    private static List<Picture> all() {
        Stream<Picture> octets =
                WeightCodes.all().stream().map(WeightCode::octets).distinct().map(Octets::new);
        return Stream.concat(Stream.of(new Records()), octets).toList();
    }

    private record Records() implements Picture {

        @Override
        public int step() {
            return Q8Records.STEP;
        }

        @Override
        public int bytes(int steps) {
            return steps * Q8Records.BYTES;
        }

        @Override
        public byte[] assemble() {
            return QuantizeKernel.assembleRecords();
        }

        @Override
        public void check(Packed packed, int run, Run expected) {
            long at = (long) run * Q8Records.BYTES;
            int low = expected.sum(0, 16);
            int high = expected.sum(16, 32);
            packed.assertBytes(at, expected);
            packed.assertFloat(at + Q8Records.SCALE, expected.scale());
            packed.assertFloat(at + Q8Records.SUM, expected.scale() * (low + high));
            packed.assertFloat(at + Q8Records.HALF_SUMS, expected.scale() * low);
            packed.assertFloat(at + Q8Records.HALF_SUMS + 4, expected.scale() * high);
            packed.assertInt(at + Q8Records.PAIRS, pairs(expected, 0, 32));
            packed.assertInt(at + Q8Records.HALF_PAIRS, pairs(expected, 0, 16));
            packed.assertInt(at + Q8Records.HALF_PAIRS + 4, pairs(expected, 16, 32));
            packed.assertInt(at + Q8Records.TOTAL, low + high);
        }

        /// The sums of the first and of the last two of each four bytes, as two words.
        private static int pairs(Run run, int from, int to) {
            int first = 0;
            int last = 0;
            for (int i = from; i < to; i += 4) {
                first += run.sum(i, i + 2);
                last += run.sum(i + 2, i + 4);
            }
            return (first & 0xffff) | last << 16;
        }
    }

    private record Octets(Q8Octets picture) implements Picture {

        @Override
        public int step() {
            return Q8Records.STEP;
        }

        @Override
        public int bytes(int steps) {
            return Q8Octets.rowBytes(steps * Q8Records.STEP);
        }

        @Override
        public byte[] assemble() {
            return QuantizeKernel.assembleOctets(picture);
        }

        @Override
        public void check(Packed packed, int run, Run expected) {
            long octet = (long) run / Q8Octets.STEPS * Q8Octets.BYTES;
            int step = run % Q8Octets.STEPS;
            int low = expected.sum(0, 16);
            int high = expected.sum(16, 32);
            long sum = octet + Q8Octets.SUMS + 4L * step;
            long halfSums = octet + Q8Octets.HALF_SUMS + 8L * step;
            packed.assertBytes(octet + picture.half(step, 0), expected, 0, 16);
            packed.assertBytes(octet + picture.half(step, 1), expected, 16, 32);
            packed.assertFloat(octet + Q8Octets.SCALES + 4L * step, expected.scale());
            if (picture.middle() == 0) {
                packed.assertFloat(sum, expected.scale() * (low + high));
                packed.assertFloat(halfSums, expected.scale() * low);
                packed.assertFloat(halfSums + 4, expected.scale() * high);
            } else if (picture.pairs()) {
                packed.assertInt(sum, (low + high) << picture.middle());
            } else {
                for (int i = 0; i < 32; i += 4) {
                    int first = expected.sum(i, i + 2) << picture.middle();
                    int last = expected.sum(i + 2, i + 4) << picture.middle();
                    packed.assertInt(octet + Q8Octets.OFFSETS + step * 32L + i, (first & 0xffff) | last << 16);
                }
            }
            if (picture.middle() == 0 || picture.pairs()) {
                packed.assertUntouched(octet + Q8Octets.OFFSETS, Q8Octets.BYTES - Q8Octets.OFFSETS);
            }
        }

        /// The scales and sums of steps that are not there are 0.
        @Override
        public void checkRest(Packed packed, int runs) {
            int last = (runs - 1) % Q8Octets.STEPS;
            long octet = (runs - 1L) / Q8Octets.STEPS * Q8Octets.BYTES;
            for (int step = last + 1; step < Q8Octets.STEPS; step++) {
                packed.assertInt(octet + Q8Octets.SCALES + 4L * step, 0);
                packed.assertInt(octet + Q8Octets.SUMS + 4L * step, 0);
                packed.assertInt(octet + Q8Octets.HALF_SUMS + 8L * step, 0);
                packed.assertInt(octet + Q8Octets.HALF_SUMS + 8L * step + 4, 0);
            }
        }
    }
}
