package dev.excitor.model.evaluation;

import dev.excitor.runtime.ExcitorException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/// Reads what a model expected of a text, row by row, as [BaselineWriter] saved it; [BaselineLayout] has the
/// bytes. The file may come from a stranger: its header is checked against its length, and every row before it is
/// used.
public final class BaselineReader implements AutoCloseable {

    private final Path path;
    private final FileChannel channel;
    private final BaselineLayout layout;
    private final ByteBuffer row;
    private long at;

    private BaselineReader(Path path, FileChannel channel) throws IOException {
        this.path = path;
        this.channel = channel;
        ByteBuffer header = littleEndian(BaselineLayout.HEADER_BYTES);
        fill(header);
        byte[] magic = new byte[BaselineLayout.MAGIC.length];
        header.get(magic);
        if (!Arrays.equals(magic, BaselineLayout.MAGIC)) {
            throw malformed(0, "expected the magic XCITBASE; this is no file of --kl-base");
        }
        int version = header.getInt();
        if (version != BaselineLayout.VERSION) {
            throw malformed(8, "expected version %d, found %d".formatted(BaselineLayout.VERSION, version));
        }
        layout = BaselineLayout.checked(
                path,
                Integer.toUnsignedLong(header.getInt()),
                Integer.toUnsignedLong(header.getInt()),
                Integer.toUnsignedLong(header.getInt()),
                channel.size());
        row = littleEndian(layout.rowBytes());
    }

    /// Opens a file and checks its header.
    ///
    /// @throws ExcitorException.MalformedFile when it is not as [BaselineLayout] says
    public static BaselineReader open(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            throw new ExcitorException.MalformedFile(path, -1, "expected a file of --kl-base, found a folder");
        }
        FileChannel channel = FileChannel.open(path);
        try {
            return new BaselineReader(path, channel);
        } catch (IOException | RuntimeException failure) {
            channel.close();
            throw failure;
        }
    }

    /// Chunks it holds.
    public int count() {
        return layout.count();
    }

    /// Refuses a model or a text that it was not made of, and goes to the first row.
    ///
    /// @param chunks     the text; at most [#count] chunks, since the file may hold more of it
    /// @param vocabulary V of the model
    /// @throws ExcitorException.Mismatch when vocabulary, size of a chunk or tokens differ
    public void begin(Chunks chunks, int vocabulary) throws IOException {
        if (vocabulary != layout.vocabulary()) {
            throw mismatch("the vocabulary", layout.vocabulary() + " tokens", vocabulary + " in the model");
        }
        if (chunks.size() != layout.size()) {
            throw mismatch("its chunks", "-c " + layout.size(), "-c " + chunks.size());
        }
        if (chunks.count() > layout.count()) {
            throw mismatch("the text", "--chunks %d or less".formatted(layout.count()), chunks.count() + " chunks");
        }
        ByteBuffer tokens = littleEndian(4 * layout.size());
        at = BaselineLayout.HEADER_BYTES;
        for (int index = 0; index < chunks.count(); index++) {
            fill(tokens.clear());
            int[] chunk = chunks.chunk(index);
            for (int i = 0; i < chunk.length; i++) {
                int saved = tokens.getInt(4 * i);
                if (saved != chunk[i]) {
                    throw mismatch(
                            "the text it was made of",
                            "token %d at place %d of chunk %d".formatted(saved, i, index + 1),
                            "token " + chunk[i]);
                }
            }
        }
        at = layout.rowsAt();
    }

    /// Reads the next row.
    ///
    /// @param next   the token that came
    /// @param target receives the row
    /// @throws ExcitorException.MalformedFile when its numbers cannot be
    /// @throws UncheckedIOException           when it cannot be read
    public void read(int next, LogProbabilities target) {
        long start = at;
        try {
            fill(row.clear());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        int top = row.getInt();
        float highest = row.getFloat();
        float step = row.getFloat();
        double logProbability = row.getDouble();
        if (top < 0 || top >= layout.vocabulary()) {
            throw malformed(start, "expected a token below %d, found %d".formatted(layout.vocabulary(), top));
        }
        requireLogProbability(start + 4, highest);
        if (!(step >= 0 && step <= BaselineLayout.SPAN / BaselineLayout.TOP_CODE * 2)) {
            throw malformed(start + 8, "expected a step from 0 to 0.00073, found " + step);
        }
        requireLogProbability(start + 12, logProbability);
        for (int token = 0; token < layout.vocabulary(); token++) {
            int code = Short.toUnsignedInt(row.getShort());
            double value = highest - (double) step * (BaselineLayout.TOP_CODE - code);
            target.put(token, code == 0 ? Double.NEGATIVE_INFINITY : value);
        }
        target.put(next, logProbability);
        target.top(top);
    }

    private void requireLogProbability(long offset, double found) {
        if (!(found <= 0 && found > Double.NEGATIVE_INFINITY)) {
            throw malformed(offset, "expected a log-probability, finite and at most 0, found " + found);
        }
    }

    private ExcitorException.Mismatch mismatch(String what, String expected, String found) {
        return new ExcitorException.Mismatch(path + ": " + what, expected, found);
    }

    private ExcitorException.MalformedFile malformed(long offset, String what) {
        return new ExcitorException.MalformedFile(path, offset, what);
    }

    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// Fills a buffer from where the last one ended, and turns it round for reading.
    private void fill(ByteBuffer target) throws IOException {
        while (target.hasRemaining()) {
            int count = channel.read(target, at);
            if (count < 0) {
                throw malformed(at, "expected %d more bytes, found the end of the file".formatted(target.remaining()));
            }
            at += count;
        }
        target.flip();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
