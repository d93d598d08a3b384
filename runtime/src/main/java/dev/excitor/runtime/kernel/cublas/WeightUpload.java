package dev.excitor.runtime.kernel.cublas;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.kernel.cublas.Resources.Kind;
import dev.excitor.runtime.team.Team;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Takes matrices to the device as f16, a bounded piece at a time: the team decodes one into pinned memory while the
/// one before is on its way.
///
/// f16 holds 65504 at most, and formats with scales of their own hold more: a matrix that does not fit, or whose
/// numbers are all so small that f16 would cut digits off, goes up divided by a power of two, which each product
/// multiplies with again. So `|w' - w| <= 2^-11 |w| + 2^-19 max |W|` for every format, and f16 weights come through
/// unchanged.
final class WeightUpload {

    /// Numbers of a piece.
    static final int PIECE = 1 << 21;

    /// Numbers that a worker decodes at a time, whole blocks of every format.
    private static final int RUN = 1 << 12;

    private static final int BUFFERS = 2;
    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT;

    private final Gpu gpu;
    private final Team team;
    private final long stream;
    private final MemorySegment[] buffers = new MemorySegment[BUFFERS];
    private final long[] sent = new long[BUFFERS];

    /// @param team decodes
    WeightUpload(Gpu gpu, Team team) {
        this.gpu = gpu;
        this.team = team;
        this.stream = gpu.resources().stream();
        for (int i = 0; i < BUFFERS; i++) {
            buffers[i] = gpu.hostMemory(2L * PIECE);
            sent[i] = gpu.resources().event();
        }
    }

    /// Takes one matrix up.
    ///
    /// @throws ExcitorException.NativeCall when there is no room or a call fails; no memory stays taken for it
    DeviceMatrix upload(Tensor w) {
        int rows = w.shape().rows();
        int cols = w.shape().cols();
        long pointer = gpu.resources().deviceMemory(DeviceMatrix.bytes(rows, cols));
        try {
            int power = 0;
            float max = send(w, pointer, power);
            if (!PowerOfTwo.fitsHalf(max)) {
                power = PowerOfTwo.towards(max);
                send(w, pointer, power);
            }
            MemorySegment factor = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, PowerOfTwo.of(-power));
            return new DeviceMatrix(pointer, rows, cols, factor);
        } catch (RuntimeException | Error failure) {
            gpu.resources().free(Kind.DEVICE_MEMORY, pointer);
            throw failure;
        }
    }

    /// Sends `2^power W`.
    ///
    /// @return the largest finite magnitude in W
    private float send(Tensor w, long pointer, int power) {
        long total = w.shape().elements();
        float[] max = new float[team.size()];
        int pieces = Math.toIntExact(Math.ceilDiv(total, (long) PIECE));
        for (int piece = 0; piece < pieces; piece++) {
            int buffer = piece % BUFFERS;
            if (piece >= BUFFERS) {
                gpu.cuda().synchronize(sent[buffer]);
            }
            long first = (long) piece * PIECE;
            int count = (int) Math.min(PIECE, total - first);
            team.run(worker -> decode(worker, w, first, count, PowerOfTwo.of(power), buffers[buffer], max));
            gpu.cuda().copyToDevice(pointer + 2 * first, buffers[buffer].address(), 2L * count, stream);
            gpu.cuda().record(sent[buffer], stream);
        }
        for (int buffer = 0; buffer < Math.min(BUFFERS, pieces); buffer++) {
            gpu.cuda().synchronize(sent[buffer]);
        }
        float largest = 0;
        for (float each : max) {
            largest = Math.max(largest, each);
        }
        return largest;
    }

    /// This worker's share of a piece. Rows are whole blocks, so a matrix is one run of blocks.
    private static void decode(
            Worker worker, Tensor w, long first, int count, float factor, MemorySegment target, float[] max) {
        float[] numbers = worker.floats(RUN);
        float largest = max[worker.index()];
        for (int at = worker.from(count, RUN); at < worker.to(count, RUN); at += RUN) {
            int length = Math.min(RUN, count - at);
            long block = (first + at) / w.format().blockSize();
            w.format().decode(w.data(), block * w.format().blockBytes(), numbers, 0, length);
            for (int i = 0; i < length; i++) {
                float magnitude = Math.abs(numbers[i]);
                if (magnitude > largest && magnitude <= Float.MAX_VALUE) {
                    largest = magnitude;
                }
                target.set(HALF, 2L * (at + i), Float.floatToFloat16(factor * numbers[i]));
            }
        }
        max[worker.index()] = largest;
    }
}
