package dev.excitor.model.evaluation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;

/// Saves what a model expects of a text, row by row, for [BaselineReader]; [BaselineLayout] has the bytes.
public final class BaselineWriter {

    private final WritableByteChannel channel;
    private final ByteBuffer row;

    /// Writes the header.
    ///
    /// @param channel    of an empty file; stays open
    /// @param chunks     the text: one row is to follow for each of its scored positions
    /// @param vocabulary V
    public BaselineWriter(WritableByteChannel channel, Chunks chunks, int vocabulary) throws IOException {
        this.channel = channel;
        BaselineLayout layout = new BaselineLayout(vocabulary, chunks.size(), chunks.count());
        row = littleEndian(layout.rowBytes());
        ByteBuffer header = littleEndian(BaselineLayout.HEADER_BYTES)
                .put(BaselineLayout.MAGIC)
                .putInt(BaselineLayout.VERSION)
                .putInt(vocabulary)
                .putInt(chunks.size())
                .putInt(chunks.count());
        writeAll(header.flip());
        for (int index = 0; index < chunks.count(); index++) {
            ByteBuffer tokens = littleEndian(4 * chunks.size());
            tokens.asIntBuffer().put(chunks.chunk(index));
            writeAll(tokens);
        }
    }

    /// Bytes of a whole file.
    public static long bytes(Chunks chunks, int vocabulary) {
        BaselineLayout layout = new BaselineLayout(vocabulary, chunks.size(), chunks.count());
        return layout.rowsAt() + (long) chunks.count() * chunks.scored() * layout.rowBytes();
    }

    /// Writes the next row.
    ///
    /// @param next the token that came
    /// @throws UncheckedIOException when it cannot be written
    public void add(LogProbabilities expected, int next) {
        float highest = (float) expected.of(expected.top());
        float step = step(expected, highest);
        row.clear().putInt(expected.top()).putFloat(highest).putFloat(step).putDouble(expected.of(next));
        for (int token = 0; token < expected.size(); token++) {
            row.putShort((short) code(expected.of(token), highest, step));
        }
        try {
            writeAll(row.flip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The codes 1 to 65535 span what there is, 24 nats at most.
    private static float step(LogProbabilities expected, float highest) {
        double lowest = highest;
        for (int token = 0; token < expected.size(); token++) {
            lowest = Math.min(lowest, expected.of(token));
        }
        return (float) (Math.min(highest - lowest, BaselineLayout.SPAN) / (BaselineLayout.TOP_CODE - 1));
    }

    private static int code(double logProbability, float highest, float step) {
        double below = highest - logProbability;
        if (below > BaselineLayout.SPAN) {
            return 0;
        }
        long steps = step == 0 ? 0 : Math.round(below / step);
        return Math.clamp(BaselineLayout.TOP_CODE - steps, 1, BaselineLayout.TOP_CODE);
    }

    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void writeAll(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
