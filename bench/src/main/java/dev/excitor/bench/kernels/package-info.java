/// Benchmarks of single products and operations. What is won here is a hypothesis until a whole model is faster.
package dev.excitor.bench.kernels;
