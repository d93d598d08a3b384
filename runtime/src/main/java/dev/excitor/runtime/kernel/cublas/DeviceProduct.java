package dev.excitor.runtime.kernel.cublas;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;

/// The product of a matrix on the device with packed rows, in pieces.
///
/// Worker 0 drives the device; the others wait for its results at a barrier for each piece, and then all of them carry
/// the results to where they belong while the device goes on with later pieces.
///
/// @param side from which the rows meet the matrix
record DeviceProduct(Gpu gpu, DeviceMatrix matrix, Side side) {

    /// Fewer bytes of results are not worth a piece of their own.
    private static final int LEAST_PIECE_BYTES = 1 << 20;

    private static final int GRAIN = 16;

    /// Whether a slot holds a row of results.
    static boolean fitsSlot(int made) {
        return 4L * made <= Gpu.SLOT_BYTES;
    }

    /// Computes and carries this worker's share; all members call it, between [Gpu#enter] and [Gpu#leave].
    ///
    /// @param x   the packed rows
    /// @param n   how many
    /// @param y   receives the result, row i at byte `4 i yStride`
    /// @param add whether to add to what is in y
    void multiply(Worker worker, HalfRows x, int n, MemorySegment y, int yStride, boolean add) {
        int size = pieceRows(n, side.made(matrix));
        int pieces = Math.ceilDiv(n, size);
        worker.barrier(); // nobody reads the slots of the product before
        for (int piece = 0; piece < Math.min(pieces, Gpu.SLOTS); piece++) {
            begin(worker, x, n, size, piece);
        }
        for (int piece = 0; piece < pieces; piece++) {
            finish(worker, piece);
            worker.barrier(); // the piece is there, and nobody reads the one before it
            int next = piece - 1 + Gpu.SLOTS;
            if (piece > 0 && next < pieces) {
                begin(worker, x, n, size, next);
            }
            int first = piece * size;
            carry(worker, x, first, Math.min(size, n - first), piece % Gpu.SLOTS, y, yStride, add);
        }
    }

    /// Rows in a piece: about a slot's share of all, not too few bytes, not more than a slot holds.
    ///
    /// @param made numbers in a row of results
    static int pieceRows(int n, int made) {
        long rowBytes = 4L * made;
        int worthIt = (int) Math.ceilDiv(LEAST_PIECE_BYTES, rowBytes);
        int fitting = (int) Math.min(n, Gpu.SLOT_BYTES / rowBytes);
        return Math.clamp(Math.ceilDiv(n, Gpu.SLOTS), Math.min(worthIt, fitting), fitting);
    }

    private void begin(Worker worker, HalfRows x, int n, int size, int piece) {
        if (worker.index() == 0) {
            int first = piece * size;
            try {
                gpu.enqueue(x, matrix, side, first, Math.min(size, n - first), piece % Gpu.SLOTS);
            } catch (ExcitorException.NativeCall failure) {
                gpu.lose(failure);
                throw failure;
            }
        }
    }

    private void finish(Worker worker, int piece) {
        if (worker.index() == 0) {
            try {
                gpu.await(piece % Gpu.SLOTS);
            } catch (ExcitorException.NativeCall failure) {
                gpu.lose(failure);
                throw failure;
            }
        }
    }

    /// This worker's columns of a piece's results, from the slot to y.
    private void carry(
            Worker worker, HalfRows x, int first, int count, int slot, MemorySegment y, int yStride, boolean add) {
        int made = side.made(matrix);
        int from = worker.from(made, GRAIN);
        int width = worker.to(made, GRAIN) - from;
        float[] part = worker.floats(2 * width); // results, and what they are added to
        MemorySegment results = gpu.results(slot);
        for (int i = 0; i < count; i++) {
            float factor = x.factor(first + i);
            long at = 4L * ((long) (first + i) * yStride + from);
            Blocks.copyF32(results, 4L * ((long) i * made + from), part, 0, width);
            for (int j = 0; j < width; j++) {
                part[j] *= factor;
            }
            if (add) {
                Blocks.copyF32(y, at, part, width, width);
                for (int j = 0; j < width; j++) {
                    part[j] += part[width + j];
                }
            }
            Blocks.copyF32(part, 0, y, at, width);
        }
    }
}
