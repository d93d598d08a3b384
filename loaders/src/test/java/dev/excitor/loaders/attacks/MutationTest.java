package dev.excitor.loaders.attacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.excitor.loaders.gguf.GgufReader;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Sound files, damaged a little everywhere: each opens or fails with a typed error, and one that opens can be used.
class MutationTest {

    /// Neighbours, signs, and what lengths and types are made of.
    private static final int[] VALUES = {0, 1, 2, 3, 4, 5, 8, 9, 12, 13, 0x20, 0x40, 0x7f, 0x80, 0xc0, 0xed, 0xfe, 0xff
    };

    @TempDir
    Path folder;

    @Test
    void aFileCutAnywhereIsMalformed() throws IOException {
        byte[] sound = RawGguf.sound().bytes();
        for (int length = 0; length < sound.length; length++) {
            byte[] cut = Arrays.copyOf(sound, length);
            Path path = Files.write(folder.resolve("cut.gguf"), cut);
            for (Memory memory : Memory.values()) {
                try (Checkpoint opened = new GgufReader().read(path, memory)) {
                    fail("opened although cut after %d of %d bytes: %s", length, sound.length, opened.description());
                } catch (MalformedFile e) {
                    assertThat(e.getMessage()).startsWith(path.toString());
                    assertThat(e.path()).isEqualTo(path);
                    assertThat(e.offset()).isBetween(0L, (long) length);
                }
            }
        }
    }

    @Test
    void everyByteReplacedByEveryNastyValue() throws IOException {
        byte[] sound = withAlignment();
        int opened = 0;
        for (int at = 0; at < sound.length; at++) {
            for (int value : VALUES) {
                byte[] damaged = sound.clone();
                damaged[at] = (byte) value;
                opened += opens(damaged) ? 1 : 0;
            }
            for (int bit = 0; bit < 8; bit++) {
                byte[] damaged = sound.clone();
                damaged[at] ^= (byte) (1 << bit);
                opened += opens(damaged) ? 1 : 0;
            }
        }
        // Letters in names and numbers in data may change; lengths, counts and types may not.
        assertThat(opened).isBetween(sound.length * 5, sound.length * 20);
    }

    @Test
    void wordsReplacedByNastyNumbers() throws IOException {
        byte[] sound = withAlignment();
        long[] numbers = {
            0,
            1,
            -1,
            Long.MIN_VALUE,
            Long.MAX_VALUE,
            1L << 31,
            1L << 32,
            (1L << 32) - 1,
            1L << 42,
            1L << 61,
            1L << 62,
            31,
            33
        };
        for (int at = 0; at + 8 <= sound.length; at++) {
            for (long number : numbers) {
                byte[] damaged = sound.clone();
                System.arraycopy(RawGguf.u64(number), 0, damaged, at, 8);
                opens(damaged);
            }
        }
    }

    @Test
    void severalBytesAtRandom() throws IOException {
        byte[] sound = withAlignment();
        long seed = 20_260_101;
        for (int round = 0; round < 5_000; round++) {
            var random = new Random(seed + round);
            byte[] damaged = sound.clone();
            for (int i = random.nextInt(8); i >= 0; i--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            try {
                opens(damaged);
            } catch (AssertionError e) {
                throw new AssertionError("seed " + (seed + round), e);
            }
        }
    }

    private static byte[] withAlignment() {
        return RawGguf.sound()
                .key("general.alignment", RawGguf.UINT32, RawGguf.u32(32))
                .key("x", RawGguf.ARRAY, RawGguf.array(RawGguf.FLOAT32, 1, RawGguf.u32(0)))
                .bytes();
    }

    /// Whether the file opens; then everything in it is used. Fails on any error that is not ours.
    private boolean opens(byte[] bytes) throws IOException {
        Path path = overwrite(bytes);
        try (Checkpoint opened = new GgufReader().read(path, Memory.MAPPED)) {
            use(opened, bytes);
            return true;
        } catch (ExcitorException e) {
            assertThat(e.getMessage()).contains(path.toString());
            return false;
        } catch (RuntimeException | Error e) {
            throw new AssertionError("another error than ours for " + Arrays.toString(bytes), e);
        }
    }

    /// Without truncating, which costs milliseconds on some file systems: all files of a test have one length.
    private Path overwrite(byte[] bytes) throws IOException {
        Path path = folder.resolve("damaged.gguf");
        try (var channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(bytes));
            assertThat(channel.size()).isEqualTo(bytes.length);
        }
        return path;
    }

    private static void use(Checkpoint opened, byte[] bytes) {
        for (String key : opened.metadata().keys()) {
            assertThat(opened.metadata().describe(key)).isNotNull();
        }
        for (Tensor tensor : opened.tensors()) {
            float[] row = new float[tensor.shape().cols()];
            tensor.format().decode(tensor.data(), 0, row, 0, row.length);
            assertThat(tensor.data().byteSize()).isLessThan(bytes.length);
            tensor.data().get(ValueLayout.JAVA_BYTE, tensor.data().byteSize() - 1);
        }
    }
}
