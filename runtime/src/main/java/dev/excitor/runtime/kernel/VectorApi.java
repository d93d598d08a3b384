package dev.excitor.runtime.kernel;

import dev.excitor.runtime.ExcitorException;
import java.util.List;

/// Whether the Vector API is there. On the module path it always is; on the class path only with
/// `--add-modules jdk.incubator.vector`, and a library may not decide that for an application. Where machine code does
/// all the work, nobody misses it.
public final class VectorApi {

    private static final System.Logger LOG = System.getLogger(VectorApi.class.getName());
    private static final String REMEDY =
            "start java with --add-modules jdk.incubator.vector, or put Excitor on the module"
                    + " path (./excitor does with EXCITOR_START=full)";

    private VectorApi() {}

    public static boolean isAvailable() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    }

    /// @throws ExcitorException.Unsupported when vectors were asked for and are not there
    static void requireFor(Kernels.Tier tier) {
        if (tier == Kernels.Tier.VECTOR && !isAvailable()) {
            throw new ExcitorException.Unsupported(
                    "the vector tier without the module jdk.incubator.vector (" + REMEDY + ")",
                    List.of("auto", "scalar"));
        }
    }

    /// Says that slow code runs for want of the module, and what to do about it.
    ///
    /// @param what runs slowly, such as `products with Q4_0 weights`
    public static void warnMissing(String what) {
        LOG.log(
                System.Logger.Level.WARNING,
                "The module jdk.incubator.vector is not loaded, so {0} run in slow scalar code; {1}.",
                what,
                REMEDY);
    }
}
