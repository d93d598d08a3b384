package dev.excitor.model.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.excitor.runtime.ExcitorException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is saved of a model comes back; what a stranger changed in it is told by place.
class EvaluationBaselineTest {

    private static final int VOCABULARY = 40;
    private static final int SIZE = 8;
    private static final int ROWS_AT = 24 + 4 * SIZE * 2;
    private static final int ROW = 20 + 2 * VOCABULARY;

    @TempDir
    Path folder;

    private final Random random = new Random(8_191);
    private final Chunks chunks = Chunks.of(random.ints(17, 0, VOCABULARY).toArray(), SIZE, 1, -1);
    private final List<float[]> logits = new ArrayList<>();
    private Path file = Path.of("");

    @BeforeEach
    void save() throws IOException {
        file = folder.resolve("m.base");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            BaselineWriter writer = new BaselineWriter(channel, chunks, VOCABULARY);
            for (int row = 0; row < chunks.count() * chunks.scored(); row++) {
                // the last rows span more than 24 nats, and nothing at all
                logits.add(Rows.random(random, VOCABULARY, row == 4 ? 20 : row == 5 ? 0 : 3));
                writer.add(Rows.of(logits.getLast()), next(row));
            }
        }
        assertThat(Files.size(file)).isEqualTo(ROWS_AT + 6 * ROW).isEqualTo(BaselineWriter.bytes(chunks, VOCABULARY));
    }

    private static int next(int row) {
        return (7 * row + 5) % VOCABULARY;
    }

    @Test
    void rowsComeBackToTheirPrecision() throws IOException {
        LogProbabilities read = new LogProbabilities(VOCABULARY);
        try (BaselineReader reader = BaselineReader.open(file)) {
            assertThat(reader.count()).isEqualTo(2);
            reader.begin(chunks, VOCABULARY);
            for (int row = 0; row < logits.size(); row++) {
                reader.read(next(row), read);
                LogProbabilities saved = Rows.of(logits.get(row));
                assertThat(read.top()).isEqualTo(saved.top());
                assertThat(read.of(next(row))).isEqualTo(saved.of(next(row)));
                for (int token = 0; token < VOCABULARY; token++) {
                    double below = saved.of(saved.top()) - saved.of(token);
                    if (below < 24) {
                        assertThat(read.of(token)).isCloseTo(saved.of(token), within(1.9e-4));
                    } else if (token != next(row)) {
                        assertThat(read.of(token)).isEqualTo(Double.NEGATIVE_INFINITY);
                    }
                }
                assertThat(Divergence.between(read, saved)).isBetween(0.0, 2e-8);
            }
        }
    }

    @Test
    void theFileMayHoldMoreOfTheText() throws IOException {
        try (BaselineReader reader = BaselineReader.open(file)) {
            int[] first = chunks.chunk(0);
            reader.begin(Chunks.of(first, SIZE, 1, -1), VOCABULARY);
            LogProbabilities read = new LogProbabilities(VOCABULARY);
            reader.read(next(0), read);
            assertThat(read.top()).isEqualTo(Rows.of(logits.getFirst()).top());
        }
    }

    @Test
    void anotherTextModelOrCutIsRefused() throws IOException {
        try (BaselineReader reader = BaselineReader.open(file)) {
            int[] other = new int[2 * SIZE];
            System.arraycopy(chunks.chunk(0), 0, other, 0, SIZE);
            System.arraycopy(chunks.chunk(1), 0, other, SIZE, SIZE);
            other[SIZE + 3] ^= 1;
            refuses(() -> reader.begin(Chunks.of(other, SIZE, 1, -1), VOCABULARY), "place 3 of chunk 2");
            refuses(() -> reader.begin(chunks, VOCABULARY + 1), "vocabulary", "40 tokens", "41 in the model");
            refuses(() -> reader.begin(Chunks.of(other, 4, 1, -1), VOCABULARY), "-c 8", "-c 4");
            refuses(() -> reader.begin(Chunks.of(new int[99], SIZE, 1, -1), VOCABULARY), "--chunks 2", "12 chunks");
        }
    }

    private interface Attempt {
        void run() throws IOException;
    }

    private void refuses(Attempt attempt, String... words) {
        assertThatThrownBy(attempt::run)
                .isInstanceOf(ExcitorException.Mismatch.class)
                .hasMessageContaining(file.toString())
                .hasMessageContainingAll(words);
    }

    @Test
    void aFileCutOffAnywhereIsRefused() throws IOException {
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length++) {
            Path cut = Files.write(folder.resolve("cut"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> BaselineReader.open(cut).close())
                    .as("%d bytes", length)
                    .isInstanceOf(ExcitorException.MalformedFile.class)
                    .hasMessageContaining("cut")
                    .hasMessageContaining("expected");
        }
    }

    @Test
    void aHeaderThatCannotBeIsToldByPlace() throws IOException {
        header(0, 0, "byte 0", "XCITBASE");
        header(8, 2, "byte 8", "version 1", "found 2");
        header(12, 0, "byte 12");
        header(12, -1, "byte 12", "4294967295");
        header(12, 41, "expected", "bytes");
        header(16, 2, "byte 16");
        header(16, Integer.MAX_VALUE, "byte 16");
        header(20, 0, "byte 20");
        header(20, Integer.MAX_VALUE / SIZE, "expected", "bytes");
        header(20, -1, "byte 20");
    }

    private void header(int at, int value, String... words) throws IOException {
        Path changed = change(bytes -> bytes.putInt(at, value));
        assertThatThrownBy(() -> BaselineReader.open(changed).close())
                .isInstanceOf(ExcitorException.MalformedFile.class)
                .hasMessageContaining(changed.toString())
                .hasMessageContainingAll(words);
    }

    @Test
    void aRowThatCannotBeIsToldByPlace() throws IOException {
        int second = ROWS_AT + ROW;
        row(bytes -> bytes.putInt(second, VOCABULARY), second);
        row(bytes -> bytes.putInt(second, -1), second);
        row(bytes -> bytes.putFloat(second + 4, Float.NaN), second + 4);
        row(bytes -> bytes.putFloat(second + 4, 0.5f), second + 4);
        row(bytes -> bytes.putFloat(second + 4, Float.NEGATIVE_INFINITY), second + 4);
        row(bytes -> bytes.putFloat(second + 8, -1e-4f), second + 8);
        row(bytes -> bytes.putFloat(second + 8, Float.NaN), second + 8);
        row(bytes -> bytes.putFloat(second + 8, 1), second + 8);
        row(bytes -> bytes.putDouble(second + 12, Double.NaN), second + 12);
        row(bytes -> bytes.putDouble(second + 12, 1e-9), second + 12);
    }

    private void row(Consumer<ByteBuffer> change, int at) throws IOException {
        try (BaselineReader reader = BaselineReader.open(change(change))) {
            reader.begin(chunks, VOCABULARY);
            LogProbabilities read = new LogProbabilities(VOCABULARY);
            reader.read(next(0), read);
            assertThatThrownBy(() -> reader.read(next(1), read))
                    .isInstanceOf(ExcitorException.MalformedFile.class)
                    .hasMessageContaining("byte " + at + ":")
                    .hasMessageContaining("found");
        }
    }

    private Path change(Consumer<ByteBuffer> change) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        change.accept(bytes);
        return Files.write(folder.resolve("changed"), bytes.array());
    }

    @Test
    void aFileThatShrinksWhileItIsReadIsAnError() throws IOException {
        try (BaselineReader reader = BaselineReader.open(file);
                FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            reader.begin(chunks, VOCABULARY);
            channel.truncate(ROWS_AT + 10);
            assertThatThrownBy(() -> reader.read(next(0), new LogProbabilities(VOCABULARY)))
                    .isInstanceOf(ExcitorException.MalformedFile.class)
                    .hasMessageContaining("end of the file");
        }
    }

    @Test
    void anySingleByteOffIsReadOrRefused() throws IOException {
        byte[] whole = Files.readAllBytes(file);
        LogProbabilities read = new LogProbabilities(VOCABULARY);
        for (int i = 0; i < 500; i++) {
            int at = random.nextInt(whole.length);
            byte to = (byte) random.nextInt(256);
            Path changed = change(bytes -> bytes.put(at, to));
            try (BaselineReader reader = BaselineReader.open(changed)) {
                reader.begin(chunks, VOCABULARY);
                for (int row = 0; row < logits.size(); row++) {
                    reader.read(next(row), read);
                    assertThat(Divergence.between(read, Rows.of(logits.get(row))))
                            .isNotNaN();
                }
            } catch (ExcitorException refused) {
                assertThat(refused).hasMessageContaining(changed.toString());
            }
        }
    }
}
