package dev.excitor.model.tokenizer;

import java.util.Arrays;

/// A queue of longs that gives the smallest first: a heap in one array, in which each parent has four children. They
/// share a cache line or two, so large heaps wait for memory half as often as with two.
final class LongHeap {
    private static final int CHILDREN = 4;

    private long[] heap = new long[64];
    private int size;

    boolean isEmpty() {
        return size == 0;
    }

    /// O(log n).
    void add(long value) {
        if (size == heap.length) {
            heap = Arrays.copyOf(heap, Math.multiplyExact(size, 2));
        }
        int at = size++;
        while (at > 0) {
            int parent = (at - 1) / CHILDREN;
            if (heap[parent] <= value) {
                break;
            }
            heap[at] = heap[parent];
            at = parent;
        }
        heap[at] = value;
    }

    /// Removes and returns the smallest, in O(log n). The heap must not be empty.
    long poll() {
        long smallest = heap[0];
        long last = heap[--size];
        int at = 0;
        for (int first = 1; first < size; first = CHILDREN * at + 1) {
            int child = smallestOf(first, Math.min(first + CHILDREN, size));
            if (last <= heap[child]) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = last;
        return smallest;
    }

    private int smallestOf(int from, int to) {
        int smallest = from;
        for (int i = from + 1; i < to; i++) {
            smallest = heap[i] < heap[smallest] ? i : smallest;
        }
        return smallest;
    }
}
