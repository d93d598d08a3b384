/// Machine code for x86-64 with AVX-512 and VNNI: weights in place or in panels, activations as bytes.
package dev.excitor.runtime.kernel.avx512;
