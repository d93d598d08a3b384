package dev.excitor.runtime.kernel;

import dev.excitor.runtime.ExcitorException;
import java.util.List;

/// Whether the Vector API is there. On the module path it always is; on the class path only with
/// `--add-modules jdk.incubator.vector`, and a library may not decide that for an application.
public final class VectorApi {

    private static final System.Logger LOG = System.getLogger(VectorApi.class.getName());
    private static final String REMEDY =
            "start java with --add-modules jdk.incubator.vector, or put Excitor on the module path";

    private VectorApi() {}

    public static boolean isAvailable() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    }

    /// Says once per engine that the slow kernels run and what to do about it; refuses when vectors were asked for.
    static void requireFor(Kernels.Tier tier) {
        if (isAvailable()) {
            return;
        }
        if (tier == Kernels.Tier.VECTOR) {
            throw new ExcitorException.Unsupported(
                    "the vector tier without the module jdk.incubator.vector (" + REMEDY + ")",
                    List.of("auto", "scalar"));
        }
        LOG.log(
                System.Logger.Level.WARNING,
                "The module jdk.incubator.vector is not loaded, so the slow scalar kernels run; " + REMEDY + ".");
    }
}
