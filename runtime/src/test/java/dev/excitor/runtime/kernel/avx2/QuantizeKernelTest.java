package dev.excitor.runtime.kernel.avx2;

import dev.excitor.runtime.kernel.x86.Q8Reference.Run;
import dev.excitor.runtime.kernel.x86.QuantizeContract;
import java.util.List;

/// [QuantizeContract] with [QuantizeKernel]: the bytes and scales are those that every other tier rounds to.
class QuantizeKernelTest extends QuantizeContract {

    QuantizeKernelTest() {
        super(new Avx2Tier(), List.of(Shown.values()));
    }

    private enum Shown implements Picture {
        RECORDS;

        @Override
        public int step() {
            return Q8Records.STEP;
        }

        @Override
        public int stepBytes() {
            return Q8Records.BYTES;
        }

        @Override
        public byte[] assemble() {
            return QuantizeKernel.assemble();
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
}
