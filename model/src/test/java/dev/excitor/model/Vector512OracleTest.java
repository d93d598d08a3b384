package dev.excitor.model;

import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.kernel.Kernels;

/// The Vector API kernels at 512 bits.
class Vector512OracleTest implements LogitsContract, ExcitorContract {

    @Override
    public EngineOptions engine() {
        return new EngineOptions(1, Kernels.Tier.VECTOR, 512);
    }
}
