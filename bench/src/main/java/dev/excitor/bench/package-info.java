/// JMH benchmarks.
package dev.excitor.bench;
