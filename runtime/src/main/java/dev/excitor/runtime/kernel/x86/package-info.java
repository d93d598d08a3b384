/// What the kernels in machine code for x86-64 have in common, whatever registers they use.
package dev.excitor.runtime.kernel.x86;
