package dev.excitor.loaders.pytorch;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.excitor.runtime.ExcitorException;
import java.nio.file.Path;

/// Any bytes at all as a pickle: tensors inside their storages, or a typed error.
///
/// In a test run it goes through the committed corpus (the resources beside it). To search for more:
/// ```sh
/// JAZZER_FUZZ=1 mvn -pl loaders -am test -Dtest=UnpicklerFuzzTest -Dsurefire.failIfNoSpecifiedTests=false \
/// -Djazzer.hooks=true
/// ```
class UnpicklerFuzzTest {

    private static final Path NAME = Path.of("fuzzed.pth");

    @FuzzTest(maxDuration = "10m")
    void anyBytes(byte[] bytes) {
        try {
            PickleValue root = Unpickler.load(new PickleCursor(NAME, "data.pkl", bytes));
            TensorTree.tensors(NAME, root).values().forEach(UnpicklerFuzzTest::check);
        } catch (ExcitorException refused) {
            if (!refused.getMessage().contains(NAME.toString())) {
                throw new AssertionError("an error that does not name the file", refused);
            }
        }
    }

    /// Each corner of a view lies in its storage.
    private static void check(PickleValue.View view) {
        if (view.sizes().contains(0L)) {
            return;
        }
        long last = view.offset();
        for (int i = 0; i < view.sizes().size(); i++) {
            long reach =
                    Math.multiplyExact(view.sizes().get(i) - 1, view.strides().get(i));
            if (reach < 0) {
                throw new AssertionError("backwards: " + view.strides());
            }
            last = Math.addExact(last, reach);
        }
        if (view.offset() < 0 || last >= view.storage().count()) {
            throw new AssertionError(
                    "outside: element %d of %d".formatted(last, view.storage().count()));
        }
    }
}
