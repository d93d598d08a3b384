/// Machine code for x86-64 with tiles (AMX): weights and activations as brain floats, for many activations at a time.
package dev.excitor.runtime.kernel.amx;
