package dev.excitor.model;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.excitor.runtime.Engine;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.kernel.Kernels;
import org.junit.jupiter.api.BeforeAll;

/// The Vector API kernels at 512 bits, where the processor has such registers. Elsewhere the JVM computes each
/// operation lane by lane, for many minutes here; the contracts of kernels and operations hold at this width on every
/// machine.
class Vector512OracleTest implements LogitsContract, ExcitorContract {

    private static final int BITS = 512;

    @BeforeAll
    static void requireRegisters() {
        try (Engine engine = Engine.open()) {
            int bits = engine.vectorBits();
            assumeTrue(
                    bits >= BITS, () -> "SKIPPED: whole models at 512 bits: this processor's registers have " + bits);
        }
    }

    @Override
    public EngineOptions engine() {
        return new EngineOptions(1, Kernels.Tier.VECTOR, BITS);
    }
}
