package dev.excitor.loaders.conversion;

import dev.excitor.loaders.conversion.Conversion.Outcome;
import dev.excitor.loaders.conversion.Conversion.Step;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Codec;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.team.Team;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/// Decodes the rows of one tensor and encodes them in another format, on all threads of a team.
///
/// Rows are whole blocks without gaps, so a piece of a matrix is one run of numbers. It is cut into slabs that fit the
/// nearest caches; each thread takes the next slab that nobody has.
final class Recoder {

    /// Numbers decoded at once: a multiple of every block size.
    private static final int SLAB = 1 << 13;

    /// The largest f16. Scales and minima are kept in it.
    private static final float LARGEST = 65_504;

    private final Step step;
    private final RowOrder order;
    private final int cols;
    private final Team team;
    private final boolean measured;
    private final boolean copied;
    private final boolean limited;
    private final List<Codec> from;
    private final List<Codec> to;
    private double errors;
    private double squares;

    /// @param order  where the rows come from; of a vector, its numbers
    /// @param codecs those of a format, as many as the team has threads
    Recoder(Step step, RowOrder order, Team team, Function<Format, List<Codec>> codecs, boolean measured) {
        this.step = step;
        this.order = order;
        this.cols = step.tensor().shape().rows() == 1 && !order.isKept()
                ? 1
                : step.tensor().shape().cols();
        this.team = team;
        this.measured = measured;
        this.copied = step.target().equals(step.tensor().format()) && order.isKept();
        this.limited =
                !step.target().name().equals("F32") && !step.target().name().equals("BF16");
        this.from = codecs.apply(step.tensor().format());
        this.to = codecs.apply(step.target());
    }

    /// Makes `rows` rows from row `first` on.
    void write(int first, int rows, MemorySegment target) {
        Tensor tensor = step.tensor();
        if (copied) {
            target.copyFrom(tensor.data().asSlice(first * tensor.rowBytes(), rows * tensor.rowBytes()));
            return;
        }
        long start = (long) first * tensor.shape().cols();
        long count = (long) rows * tensor.shape().cols();
        AtomicLong next = new AtomicLong();
        team.run(worker -> {
            for (long at = next.getAndAdd(SLAB); at < count; at = next.getAndAdd(SLAB)) {
                slab(worker, start + at, (int) Math.min(SLAB, count - at), target, at);
            }
        });
    }

    /// What has become of the tensor, when all of it is written.
    Outcome outcome() {
        long count = step.tensor().shape().elements();
        return new Outcome(step, Math.sqrt(errors / count), squares > 0 ? Math.sqrt(errors / squares) : 0);
    }

    private void slab(Worker worker, long start, int count, MemorySegment target, long at) {
        float[] numbers = worker.floats(2 * SLAB);
        decode(from.get(worker.index()), start, numbers, count);
        requireWritable(numbers, start, count);
        long byteAt = bytes(step.target(), at);
        to.get(worker.index()).encode(numbers, 0, count, target, byteAt);
        if (measured) {
            to.get(worker.index()).decode(target, byteAt, numbers, SLAB, count);
            measure(numbers, count);
        }
    }

    private void decode(Codec codec, long start, float[] numbers, int count) {
        Format format = step.tensor().format();
        if (order.isKept()) {
            codec.decode(step.tensor().data(), bytes(format, start), numbers, 0, count);
            return;
        }
        int run;
        for (int i = 0; i < count; i += run) {
            long row = (start + i) / cols;
            int col = (int) ((start + i) % cols);
            run = Math.min(count - i, cols - col);
            long at = (long) order.sourceRow((int) row) * cols + col;
            codec.decode(step.tensor().data(), bytes(format, at), numbers, i, run);
        }
    }

    /// Bytes of so many numbers, which are whole blocks.
    private static long bytes(Format format, long numbers) {
        return numbers / format.blockSize() * format.blockBytes();
    }

    private void requireWritable(float[] numbers, long start, int count) {
        float limit = limited ? LARGEST : Float.MAX_VALUE;
        boolean writable = true;
        for (int i = 0; i < count; i++) {
            writable &= Math.abs(numbers[i]) <= limit;
        }
        if (writable) {
            return;
        }
        int bad = 0;
        while (Math.abs(numbers[bad]) <= limit) {
            bad++;
        }
        int rowLength = step.tensor().shape().cols();
        String where = "tensor %s, row %d, number %d"
                .formatted(step.tensor().name(), (start + bad) / rowLength, (start + bad) % rowLength);
        if (Float.isFinite(numbers[bad])) {
            throw new ExcitorException.Mismatch(
                    where,
                    "a number up to %.0f, the largest that %s can hold (BF16 and F32 have no such limit)"
                            .formatted(LARGEST, step.target().name()),
                    Float.toString(numbers[bad]));
        }
        throw new ExcitorException.NotFinite(where, Float.toString(numbers[bad]));
    }

    private void measure(float[] numbers, int count) {
        double slabErrors = 0;
        double slabSquares = 0;
        for (int i = 0; i < count; i++) {
            double error = (double) numbers[SLAB + i] - numbers[i];
            slabErrors += error * error;
            slabSquares += (double) numbers[i] * numbers[i];
        }
        synchronized (this) {
            errors += slabErrors;
            squares += slabSquares;
        }
    }
}
