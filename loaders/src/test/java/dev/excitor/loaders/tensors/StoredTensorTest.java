package dev.excitor.loaders.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.ExcitorException.Mismatch;
import dev.excitor.runtime.ExcitorException.Unsupported;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.format.Formats;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoredTensorTest {

    private static StoredTensor tensor(Dtype dtype, long bytes, Long... shape) {
        return new StoredTensor("t", dtype, List.of(shape), MemorySegment.ofArray(new byte[(int) bytes]));
    }

    @Test
    void theInnermostExtentIsARow() {
        var matrix = tensor(Dtype.BF16, 2 * 3 * 5 * 2, 2L, 3L, 5L).asMatrix("blk.0.attn_q.weight");
        assertThat(matrix.name()).isEqualTo("blk.0.attn_q.weight");
        assertThat(matrix.shape()).isEqualTo(new Shape(6, 5));
        assertThat(matrix.format()).isSameAs(Formats.of("BF16"));
        assertThat(tensor(Dtype.F32, 4).asMatrix("n").shape()).isEqualTo(new Shape(1, 1));
        assertThat(tensor(Dtype.F16, 14, 7L).asMatrix("n").shape()).isEqualTo(Shape.vector(7));
    }

    @Test
    void typesThatKernelsDoNotReadAreRefusedByName() {
        assertThatThrownBy(() -> tensor(Dtype.F64, 8, 1L).asMatrix("n"))
                .isInstanceOf(Unsupported.class)
                .hasMessage("tensor t: its type F64 is not supported; known are: F16, BF16, F32.");
        assertThat(Dtype.matrixTypes()).containsExactly("F16", "BF16", "F32");
    }

    @Test
    void emptyAndHugeTensorsAreNoMatrices(@TempDir Path folder) throws IOException {
        assertThatThrownBy(() -> tensor(Dtype.F32, 0, 0L, 7L).asMatrix("n"))
                .isInstanceOf(Mismatch.class)
                .hasMessageContaining("[0, 7]");
        assertThatThrownBy(() -> tensor(Dtype.F32, 0, 7L, 0L).asMatrix("n")).isInstanceOf(Mismatch.class);
        long rows = 1L << 31;
        try (Arena arena = Arena.ofConfined();
                FileChannel file = FileChannel.open(
                        folder.resolve("sparse"),
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            MemorySegment huge = file.map(FileChannel.MapMode.READ_WRITE, 0, 2 * rows, arena);
            assertThatThrownBy(() -> new StoredTensor("t", Dtype.F16, List.of(rows, 1L), huge).asMatrix("n"))
                    .isInstanceOf(Mismatch.class)
                    .hasMessageContaining("below 2^31");
        }
    }

    @Test
    void sizesThatDoNotFitAreNoSizes() {
        assertThat(StoredTensor.bytes(Dtype.F32, List.of(3L, 5L))).hasValue(60);
        assertThat(StoredTensor.bytes(Dtype.F64, List.of())).hasValue(8);
        assertThat(StoredTensor.bytes(Dtype.U8, List.of(Long.MAX_VALUE))).hasValue(Long.MAX_VALUE);
        assertThat(StoredTensor.bytes(Dtype.F16, List.of(Long.MAX_VALUE))).isEmpty();
        assertThat(StoredTensor.bytes(Dtype.F32, List.of(1L << 32, 1L << 32, 1L)))
                .isEmpty();
        assertThat(StoredTensor.bytes(Dtype.F32, List.of(1L << 60, 16L))).isEmpty();
        assertThat(StoredTensor.bytes(Dtype.F32, List.of(-1L))).isEmpty();
        assertThat(StoredTensor.bytes(Dtype.F32, List.of(-1L, -1L))).isEmpty();
    }

    @Test
    void theDataIsAsLargeAsShapeAndTypeDemand() {
        assertThatThrownBy(() -> tensor(Dtype.F32, 59, 3L, 5L))
                .isInstanceOf(Mismatch.class)
                .hasMessage("tensor t: expected 60 bytes for [3, 5] of F32, found 59 bytes.");
        assertThatThrownBy(() -> tensor(Dtype.F32, 0, -3L)).isInstanceOf(Mismatch.class);
    }
}
