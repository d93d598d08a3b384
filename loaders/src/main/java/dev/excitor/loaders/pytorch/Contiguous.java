package dev.excitor.loaders.pytorch;

import dev.excitor.loaders.pytorch.PickleValue.View;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Views whose elements lie in the order of their indices without gaps, and copies of those that do not.
final class Contiguous {

    private Contiguous() {}

    /// Whether the elements lie row-major and without gaps, so that a slice of the storage is the tensor.
    static boolean isContiguous(View view) {
        long expected = 1;
        for (int i = view.sizes().size() - 1; i >= 0; i--) {
            long size = view.sizes().get(i);
            if (size == 0) {
                return true;
            }
            if (size != 1 && view.strides().get(i) != expected) {
                return false;
            }
            expected *= size;
        }
        return true;
    }

    /// Elements of a view whose last element lies inside its storage. No product wraps: with a stride of 0 there can be
    /// more elements than the storage has, and then `limit + 1` is said.
    static long elements(View view, long limit) {
        if (view.sizes().contains(0L)) {
            return 0;
        }
        long elements = 1;
        for (long size : view.sizes()) {
            if (size > limit / elements) {
                return limit + 1;
            }
            elements *= size;
        }
        return elements;
    }

    /// Copies elements one by one, in the order of their indices.
    ///
    /// @param storage the bytes of the whole storage
    /// @param target  as many bytes as the view's elements have
    static void copy(View view, MemorySegment storage, MemorySegment target) {
        int bytes = view.storage().dtype().bytes();
        List<Long> sizes = view.sizes();
        List<Long> strides = view.strides();
        long[] index = new long[sizes.size()];
        long from = view.offset();
        for (long to = 0; to < target.byteSize(); to += bytes) {
            MemorySegment.copy(storage, from * bytes, target, to, bytes);
            for (int d = index.length - 1; d >= 0; d--) {
                from += strides.get(d);
                if (++index[d] < sizes.get(d)) {
                    break;
                }
                from -= sizes.get(d) * strides.get(d);
                index[d] = 0;
            }
        }
    }
}
