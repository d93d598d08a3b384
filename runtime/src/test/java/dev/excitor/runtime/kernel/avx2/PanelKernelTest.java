package dev.excitor.runtime.kernel.avx2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.kernel.x86.PanelContract;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// [PanelContract] with [PanelKernel], and what else a [WeightCode] says of its format. A code is covered as soon
/// as its line stands in [WeightCodes].
class PanelKernelTest extends PanelContract {

    PanelKernelTest() {
        super(new Avx2Tier());
    }

    @ParameterizedTest
    @MethodSource("formats")
    void sizesAreThoseOfTheFormat(Format format) {
        WeightCode code = WeightCodes.find(format).orElseThrow();
        assertThat(code.unitWeights()).isIn(32, 256);
        assertThat(code.unitWeights() % format.blockSize()).as("whole blocks").isZero();
        assertThat((long) code.unitBytes()).isEqualTo(format.rowBytes(code.unitWeights()));
        assertThat(code.group()).isIn(16, 32);
    }
}
