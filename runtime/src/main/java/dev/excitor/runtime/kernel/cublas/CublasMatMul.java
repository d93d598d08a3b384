package dev.excitor.runtime.kernel.cublas;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One matrix on the device for many rows of activations, and the CPU's kernel for few.
///
/// Worker 0 drives the device; the others wait for its results at a barrier for each piece, and then all of them carry
/// the results to where they belong while the device goes on with later pieces.
final class CublasMatMul implements MatMul {

    /// Fewer bytes of results are not worth a piece of their own.
    private static final int LEAST_PIECE_BYTES = 1 << 20;

    private static final int GRAIN = 16;

    private final Gpu gpu;
    private final HalfPacking packing;
    private final DeviceMatrix matrix;
    private final MatMul cpu;
    private final int leastRows;

    /// @param leastRows of activations for which the device is used
    CublasMatMul(Gpu gpu, HalfPacking packing, DeviceMatrix matrix, MatMul cpu, int leastRows) {
        this.gpu = gpu;
        this.packing = packing;
        this.matrix = matrix;
        this.cpu = cpu;
        this.leastRows = leastRows;
    }

    @Override
    public String name() {
        return leastRows == 1 ? "cublas" : "cublas(%d+)/%s".formatted(leastRows, cpu.name());
    }

    @Override
    public @Nullable Packing<?> packing(int rows) {
        return rows < leastRows || gpu.isLost() ? cpu.packing(rows) : packing;
    }

    /// The CPU's too, whatever the rows: it takes over when the device fails.
    @Override
    public List<Packing<?>> packings() {
        List<Packing<?>> all = new ArrayList<>(cpu.packings());
        if (!gpu.isLost()) {
            all.add(packing);
        }
        return List.copyOf(all);
    }

    @Override
    public void apply(Worker worker, Tensor w, Activations x, MemorySegment y, int yStride) {
        if (x.rows() < leastRows || !gpu.enter()) {
            cpu.apply(worker, w, x, y, yStride);
            return;
        }
        try {
            multiply(worker, x.packed(packing), x.rows(), y, yStride);
        } finally {
            gpu.leave();
        }
    }

    private void multiply(Worker worker, HalfRows x, int n, MemorySegment y, int yStride) {
        int size = pieceRows(n, matrix.rows());
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
            carry(worker, x, piece * size, Math.min(size, n - piece * size), piece % Gpu.SLOTS, y, yStride);
        }
    }

    /// Rows of activations in a piece: about a slot's share of all, not too few bytes, not more than a slot holds.
    static int pieceRows(int n, int rows) {
        long rowBytes = 4L * rows;
        int worthIt = (int) Math.ceilDiv(LEAST_PIECE_BYTES, rowBytes);
        int fitting = (int) Math.min(n, Gpu.SLOT_BYTES / rowBytes);
        return Math.clamp(Math.ceilDiv(n, Gpu.SLOTS), Math.min(worthIt, fitting), fitting);
    }

    private void begin(Worker worker, HalfRows x, int n, int size, int piece) {
        if (worker.index() == 0) {
            int first = piece * size;
            try {
                gpu.enqueue(x, matrix, first, Math.min(size, n - first), piece % Gpu.SLOTS);
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
    private void carry(Worker worker, HalfRows x, int first, int count, int slot, MemorySegment y, int yStride) {
        int rows = matrix.rows();
        int from = worker.from(rows, GRAIN);
        int width = worker.to(rows, GRAIN) - from;
        float[] part = worker.floats(width);
        MemorySegment results = gpu.results(slot);
        for (int i = 0; i < count; i++) {
            float factor = x.factor(first + i);
            Blocks.copyF32(results, 4L * ((long) i * rows + from), part, 0, width);
            for (int j = 0; j < width; j++) {
                part[j] *= factor;
            }
            Blocks.copyF32(part, 0, y, 4L * ((long) (first + i) * yStride + from), width);
        }
    }
}
