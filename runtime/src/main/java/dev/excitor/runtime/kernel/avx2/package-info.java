/// Machine code for x86-64 with AVX2: weights in place or in panels, activations as bytes.
package dev.excitor.runtime.kernel.avx2;
