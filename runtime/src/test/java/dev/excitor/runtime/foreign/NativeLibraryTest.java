package dev.excitor.runtime.foreign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.foreign.NativeLibrary.Missing;
import dev.excitor.runtime.foreign.NativeLibrary.Present;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// A library is there, or the reason why it is not; nothing is thrown for it.
class NativeLibraryTest {

    private static final String NOWHERE = "libexcitor_nowhere.so.1";

    @TempDir
    Path folder;

    @Test
    void whatIsNowhereIsMissingWithAllPlaces() {
        assertThat(NativeLibrary.open(NOWHERE, true, List.of()))
                .isEqualTo(new Missing(NOWHERE + " was not found by the system's loader", false));
        assertThat(NativeLibrary.open(NOWHERE, true, List.of(folder)))
                .isEqualTo(new Missing(NOWHERE + " was not found by the system's loader, nor in " + folder, false));
        assertThat(NativeLibrary.open(NOWHERE, false, List.of(folder, Path.of("/nowhere"))))
                .isEqualTo(new Missing(NOWHERE + " was not found in " + folder + ", /nowhere", false));
    }

    @Test
    void whatIsNoLibraryIsMissingByName() throws IOException {
        Path file = Files.writeString(folder.resolve(NOWHERE), "no library");
        assertThat(NativeLibrary.open(NOWHERE, false, List.of(folder)))
                .isEqualTo(new Missing(file + " is no library that this system can load", true));
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aLibraryHasItsFunctionsAndNoOthers() throws Throwable {
        Present math = (Present) NativeLibrary.open("libm.so.6", true, List.of());
        assertThat(math.has("cos")).isTrue();
        assertThat(math.has("excitor_nowhere")).isFalse();
        FunctionDescriptor type = FunctionDescriptor.of(ValueLayout.JAVA_DOUBLE, ValueLayout.JAVA_DOUBLE);
        assertThat((double) math.function("cos", type).invokeExact(0.0)).isEqualTo(1);
        assertThatThrownBy(() -> math.function("excitor_nowhere", type))
                .isInstanceOf(NoSuchElementException.class)
                .hasMessage("libm.so.6 has no function excitor_nowhere");
    }
}
