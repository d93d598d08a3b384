package dev.excitor.runtime.kernel.avx512;

import dev.excitor.runtime.kernel.avx512.QuantizeKernel.Form;
import dev.excitor.runtime.kernel.x86.Q8Reference.Run;
import dev.excitor.runtime.kernel.x86.QuantizeContract;
import java.util.List;

/// [QuantizeContract] with both pictures of [QuantizeKernel].
class QuantizeKernelTest extends QuantizeContract {

    QuantizeKernelTest() {
        super(new Avx512Tier(), List.of(Shown.values()));
    }

    private enum Shown implements Picture {
        LANES(Form.LANES, Q8Lanes.STEP_BYTES) {
            @Override
            public void check(Packed packed, int run, Run expected) {
                long step = (long) run / 2 * Q8Lanes.STEP_BYTES;
                packed.assertBytes(step + run % 2 * 32L, expected);
                for (int lane = 0; lane < 8; lane++) {
                    int sum = expected.sum(4 * lane, 4 * lane + 4);
                    long at = step + 4L * (run % 2 * 8 + lane);
                    packed.assertFloat(at + Q8Lanes.SCALE, expected.scale());
                    packed.assertInt(at + Q8Lanes.OFFSET, -128 * sum);
                    packed.assertFloat(at + Q8Lanes.SUM, expected.scale() * sum);
                }
            }
        },
        RECORDS(Form.RECORDS, 2 * Q8Records.BYTES) {
            @Override
            public void check(Packed packed, int run, Run expected) {
                long at = (long) run * Q8Records.BYTES;
                packed.assertBytes(at, expected);
                int low = expected.sum(0, 16);
                int high = expected.sum(16, 32);
                packed.assertFloat(at + Q8Records.SCALE, expected.scale());
                packed.assertInt(at + Q8Records.OFFSET, -128 * (low + high));
                packed.assertFloat(at + Q8Records.SUM, expected.scale() * (low + high));
                packed.assertInt(at + Q8Records.HALF_OFFSETS, -128 * low);
                packed.assertInt(at + Q8Records.HALF_OFFSETS + 4, -128 * high);
                packed.assertFloat(at + Q8Records.HALF_SUMS, expected.scale() * low);
                packed.assertFloat(at + Q8Records.HALF_SUMS + 4, expected.scale() * high);
                packed.assertUntouched(at + Q8Records.HALF_SUMS + 8, 4);
            }
        };

        private final Form form;
        private final int stepBytes;

        Shown(Form form, int stepBytes) {
            this.form = form;
            this.stepBytes = stepBytes;
        }

        @Override
        public int step() {
            return 64;
        }

        @Override
        public int bytes(int steps) {
            return steps * stepBytes;
        }

        @Override
        public byte[] assemble() {
            return QuantizeKernel.assemble(form);
        }
    }
}
