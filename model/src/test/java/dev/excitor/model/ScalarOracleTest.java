package dev.excitor.model;

import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.kernel.Kernels;
import java.util.List;

/// The definitions of all kernels and operations.
class ScalarOracleTest implements LogitsContract, ExcitorContract {

    @Override
    public EngineOptions engine() {
        return new EngineOptions(1, Kernels.Tier.SCALAR, 0);
    }

    /// One product serves every number of rows, so that pieces and further tokens would show the same again, slowly.
    @Override
    public List<Integer> batches() {
        return List.of();
    }

    @Override
    public int textLength() {
        return 8;
    }
}
