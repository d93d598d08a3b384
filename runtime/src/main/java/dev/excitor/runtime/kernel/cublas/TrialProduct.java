package dev.excitor.runtime.kernel.cublas;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.cublas.Resources.Kind;
import dev.excitor.runtime.kernel.scalar.ScalarMatMul;
import dev.excitor.runtime.ops.Gemm;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// A product of small integers, which f16 holds exactly, and one with the same matrix from its other side: they go the
/// whole way that others will go, and come out exactly as the definitions have them or the device is not used.
final class TrialProduct {

    private static final int ROWS = 72;
    private static final int COLS = 96;
    private static final int N = 40;

    private TrialProduct() {}

    /// @throws ExcitorException when a call fails or a number is wrong
    static void run(Device.Ready device, Team team) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment data = arena.allocate(4L * ROWS * COLS, 4);
            fill(data, ROWS, COLS, 5, 3);
            Tensor w = new Tensor("a trial product", Formats.of("F32"), new Shape(ROWS, COLS), data);
            DeviceMatrix matrix = device.upload().upload(w);
            try {
                compare(device, team, arena, w, matrix);
            } finally {
                device.gpu().resources().free(Kind.DEVICE_MEMORY, matrix.pointer());
            }
        }
    }

    private static void compare(Device.Ready device, Team team, Arena arena, Tensor w, DeviceMatrix matrix) {
        ScalarMatMul definition = new ScalarMatMul();
        CublasMatMul kernel = new CublasMatMul(device.gpu(), device.packing(), matrix, definition, 1);
        Activations x = integers(device, arena, COLS);
        MemorySegment expected = arena.allocate(4L * N * ROWS, 4);
        MemorySegment found = arena.allocate(4L * N * ROWS, 4);
        team.run(worker -> {
            x.pack(worker, device.packing());
            definition.apply(worker, w, x, expected, ROWS);
            worker.barrier();
            kernel.apply(worker, w, x, found, ROWS);
        });
        requireSame("a trial product on the GPU", expected, found, N * ROWS);
        compareBack(device, team, arena, w, matrix);
    }

    private static void compareBack(Device.Ready device, Team team, Arena arena, Tensor w, DeviceMatrix matrix) {
        CublasGradient kernel = new CublasGradient(device.gpu(), device.packing(), matrix, 1);
        Activations dy = integers(device, arena, ROWS);
        MemorySegment expected = arena.allocate(4L * N * COLS, 4);
        MemorySegment found = arena.allocate(4L * N * COLS, 4);
        team.run(worker -> {
            dy.pack(worker, device.packing());
            if (worker.index() == 0) {
                Gemm.View rows = Gemm.View.of(dy.data(), ROWS);
                new Gemm.Scalar().multiply(worker, rows, w, Gemm.View.of(expected, COLS), N, 0, COLS, false);
            }
            worker.barrier();
            kernel.apply(worker, dy, found, false);
        });
        requireSame("a trial product on the GPU, on the way back", expected, found, N * COLS);
    }

    private static Activations integers(Device.Ready device, Arena arena, int cols) {
        Activations x = new Activations(arena, N, cols, List.of(device.packing()));
        fill(x.data(), N, cols, 7, 2);
        x.rows(N);
        return x;
    }

    private static void requireSame(String what, MemorySegment expected, MemorySegment found, int count) {
        for (int i = 0; i < count; i++) {
            float wanted = Blocks.f32(expected, 4L * i);
            float got = Blocks.f32(found, 4L * i);
            if (wanted != got) {
                throw new ExcitorException.Mismatch(
                        "number %d of %s".formatted(i, what), Float.toString(wanted), Float.toString(got));
            }
        }
    }

    /// Integers from -8 to 8 without a pattern that a transposed or shifted matrix would share.
    private static void fill(MemorySegment target, int rows, int cols, int a, int b) {
        for (int row = 0; row < rows; row++) {
            for (int col = 0; col < cols; col++) {
                int value = (a * row + b * col + row * col) % 17 - 8;
                Blocks.putF32(target, 4L * (row * cols + col), value);
            }
        }
    }
}
