/// The operations between matrix products in machine code for x86-64, each written once for both sizes of registers.
package dev.excitor.runtime.kernel.x86.ops;
