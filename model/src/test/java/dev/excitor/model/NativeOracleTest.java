package dev.excitor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.excitor.runtime.Engine;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kv.KvLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Machine code: adapters and float weights as exact as any tier, quantized weights as near as activations of 8 bits
/// allow, and the same whatever the length of a prompt.
class NativeOracleTest implements ExcitorContract {

    private static final double FLOAT_TOLERANCE = 1e-3;

    /// What rounding activations to brain floats may cost, where weights are such and the processor has tiles of them.
    private static final double BRAIN_TOLERANCE = 1e-2;

    /// Relative root mean square: what rounding activations to 8 bits may cost.
    private static final double BYTES_TOLERANCE = 6e-2;

    /// For a single row of logits: the same rounding met in other kernels, where sums differ in their last bits and a
    /// borderline activation falls to the other side. Whatever is wrong differs by about 1.
    private static final double KERNEL_TOLERANCE = 6e-2;

    private static final int LONGEST = 1_100;

    @Override
    public EngineOptions engine() {
        return new EngineOptions(2, Kernels.Tier.NATIVE, 0);
    }

    @BeforeEach
    void requireMachineCode() {
        try {
            Engine.open(engine()).close();
        } catch (ExcitorException.Unsupported none) {
            assumeTrue(false, "SKIPPED: " + none.getMessage());
        }
    }

    @TestFactory
    Stream<DynamicTest> logitsAreAsNearTheFloatReferenceAsTheWeightsAllow() {
        return Shared.files("models", ".gguf")
                .map(model -> DynamicTest.dynamicTest(name(model), () -> {
                    Path oracles = Shared.folder("oracles");
                    Oracle oracle = Oracle.read(
                            oracles.resolve(name(model) + ".f32ref.json"),
                            oracles.resolve(name(model) + ".f32ref.logits.npy"));
                    int[] tokens = oracle.ints("prompt_tokens");
                    boolean floats = name(model).matches(".*-b?f(16|32)");
                    boolean brains = name(model).endsWith("-bf16") && hasTiles();
                    try (Model opened = open(model, CheckpointReader.Memory.MAPPED)) {
                        for (int batch : new int[] {512, 1, 3, 13}) {
                            try (Session session =
                                    opened.newSession(SessionOptions.defaults().batch(batch))) {
                                float[][] found = session.forward(tokens);
                                if (floats && !(brains && batch > 1)) {
                                    assertThat(oracle.distance(found))
                                            .as("batches of %d", batch)
                                            .isLessThan(FLOAT_TOLERANCE);
                                }
                                assertThat(relativeRms(found, oracle.logits()))
                                        .as("batches of %d", batch)
                                        .isLessThan(brains ? BRAIN_TOLERANCE : BYTES_TOLERANCE);
                            }
                        }
                        try (Session session =
                                opened.newSession(SessionOptions.defaults().cache(KvLayout.Type.F16))) {
                            assertThat(relativeRms(session.forward(tokens), oracle.logits()))
                                    .as("f16 cache")
                                    .isLessThan(BYTES_TOLERANCE);
                        }
                    }
                }));
    }

    /// Kernels change with the number of rows, and tiles with what is left over.
    @TestFactory
    Stream<DynamicTest> aPromptOfAnyLengthGivesWhatItsTokensGiveOneByOne() {
        return Stream.of("micro-q4_0-pure", "micro-q4_k_s-pure", "micro-q6_k-pure", "micro-q8_0-pure")
                .map(name -> DynamicTest.dynamicTest(name, () -> {
                    Path file = Shared.folder("models").resolve(name + ".gguf");
                    try (Model model = open(file, CheckpointReader.Memory.MAPPED);
                            Session oneByOne = model.newSession();
                            Session whole = model.newSession()) {
                        int longest = Math.min(LONGEST, whole.context());
                        int[] tokens = new Random(5)
                                .ints(longest, 3, model.dimensions().vocab())
                                .toArray();
                        float[][] expected = new float[longest][];
                        for (int i = 0; i < longest; i++) {
                            expected[i] = oneByOne.forward(tokens[i])[0];
                        }
                        IntStream lengths = IntStream.concat(
                                IntStream.rangeClosed(1, 130), IntStream.of(255, 511, 512, 513, longest));
                        lengths.filter(length -> length <= longest).forEach(length -> {
                            whole.truncate(0);
                            float[][] found = whole.forward(IntStream.range(0, length)
                                    .map(i -> tokens[i])
                                    .toArray());
                            assertThat(relativeRms(
                                            new float[][] {found[length - 1]}, new float[][] {expected[length - 1]}))
                                    .as("%d tokens", length)
                                    .isLessThan(KERNEL_TOLERANCE);
                        });
                    }
                }));
    }

    private static boolean hasTiles() throws IOException {
        Path flags = Path.of("/proc/cpuinfo");
        return Files.isReadable(flags) && Files.readString(flags).contains("amx_bf16");
    }

    private static String name(Path model) {
        return model.getFileName().toString().replace(".gguf", "");
    }

    private static double relativeRms(float[][] found, float[][] expected) {
        double error = 0;
        double size = 0;
        for (int row = 0; row < expected.length; row++) {
            for (int i = 0; i < expected[row].length; i++) {
                double difference = (double) found[row][i] - expected[row][i];
                error += difference * difference;
                size += (double) expected[row][i] * expected[row][i];
            }
        }
        return Math.sqrt(error / size);
    }
}
