/// Products on a GPU through NVIDIA's cuBLAS, called in place: no library of ours, no compiler, nothing but what the
/// user has installed. docs/gpu.md says how it is used, docs/adr/0013-cublas.md why it is as it is.
package dev.excitor.runtime.kernel.cublas;
