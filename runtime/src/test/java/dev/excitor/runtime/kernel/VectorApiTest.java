package dev.excitor.runtime.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.Engine;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.q4_0.Q4_0;
import dev.excitor.runtime.kernel.avx2.Avx2Provider;
import dev.excitor.runtime.kv.KvLayout;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A process on the class path that was started without the module of the Vector API.
class VectorApiTest {

    private static final String WARNING = "The module jdk.incubator.vector is not loaded, so ";

    @Test
    void nothingIsSaidWhereMachineCodeDoesTheWork() throws Exception {
        boolean machineCode = Avx2Provider.obstacle().isEmpty();
        assertThat(said("product"))
                .contains(machineCode ? "native" : "scalar")
                .satisfies(said -> assertThat(said.contains(WARNING)).isEqualTo(!machineCode));
    }

    @Test
    void slowCodeIsExcusedOnce() throws Exception {
        assertThat(said("attention")).containsOnlyOnce(WARNING).contains("EXCITOR_START=full");
    }

    @Test
    void vectorsAreRefusedWithTheRemedy() throws Exception {
        assertThat(said("vector")).contains("the vector tier without the module", "--add-modules jdk.incubator.vector");
    }

    private static String said(String what) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        WithoutModule.class.getName(),
                        what))
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }

    /// Opens an engine and says which kernel it chose, or why there is none.
    static final class WithoutModule {
        private WithoutModule() {}

        public static void main(String[] arguments) {
            EngineOptions options = EngineOptions.defaults().withThreads(1);
            if (arguments[0].equals("vector")) {
                try (Engine engine = Engine.open(options.withTier(Kernels.Tier.VECTOR))) {
                    System.out.println("opened with " + engine.kernels().names());
                } catch (ExcitorException.Unsupported refused) {
                    System.out.println(refused.getMessage());
                }
                return;
            }
            try (Engine engine = Engine.open(options);
                    Arena arena = Arena.ofShared()) {
                Shape shape = new Shape(16, 256);
                Format format = new Q4_0();
                Tensor w = new Tensor("w", format, shape, arena.allocate(format.bytes(shape), 64));
                System.out.println(engine.kernels().choose(w, Regime.DECODE));
                if (arguments[0].equals("attention")) {
                    for (int i = 0; i < 2; i++) {
                        KvLayout layout = new KvLayout(1, 1, 20, 20, KvLayout.Type.F32);
                        engine.ops().attention().workspace(arena, layout, 1, 64, 1);
                    }
                }
            }
        }
    }
}
