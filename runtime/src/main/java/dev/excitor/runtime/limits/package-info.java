/// What a machine can do at most, measured: the yardstick for kernels that read memory and multiply.
package dev.excitor.runtime.limits;
