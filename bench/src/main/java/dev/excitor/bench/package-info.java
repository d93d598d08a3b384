/// Benchmarks of kernels (JMH), and the programs that compare Excitor with others and draw results.
package dev.excitor.bench;
