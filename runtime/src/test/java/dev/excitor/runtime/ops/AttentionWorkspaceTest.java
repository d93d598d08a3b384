package dev.excitor.runtime.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.kv.KvLayout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionWorkspaceTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 511, 512, 513, 32_767, 32_768, 32_769, 32_832, 131_072, (1 << 28) - 1, 1 << 28})
    void aFewSpansOfWholePagesTakeEveryPosition(int positions) {
        int span = AttentionWorkspace.span(positions);
        assertThat(span).isGreaterThanOrEqualTo(512);
        assertThat(span % KvLayout.PAGE).isZero();
        assertThat(Math.ceilDiv(positions, span)).isLessThanOrEqualTo(64);
        assertThat((long) span).isLessThan(512 + positions);
    }
}
