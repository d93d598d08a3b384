package dev.excitor.runtime.foreign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class ArgumentsTest {

    @Test
    void numbersStandWhereMachineCodeReadsThem() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(40, 8);
            Arguments arguments = new Arguments(memory);
            arguments.set(0, Long.MIN_VALUE + 1);
            arguments.set(32, -2);
            arguments.setInt(12, 7);
            arguments.setFloat(16, 0.5f);
            memory.set(ValueLayout.JAVA_DOUBLE, 24, 0.25);
            assertThat(memory.get(ValueLayout.JAVA_LONG, 0)).isEqualTo(Long.MIN_VALUE + 1);
            assertThat(memory.get(ValueLayout.JAVA_LONG, 32)).isEqualTo(-2);
            assertThat(memory.get(ValueLayout.JAVA_INT, 8)).isZero();
            assertThat(memory.get(ValueLayout.JAVA_INT, 12)).isEqualTo(7);
            assertThat(memory.get(ValueLayout.JAVA_FLOAT, 16)).isEqualTo(0.5f);
            assertThat(arguments.doubleAt(24)).isEqualTo(0.25);
            assertThat(arguments.address()).isEqualTo(memory.address());
            assertThat(arguments.byteSize()).isEqualTo(40);
        }
    }

    @Test
    void placesOutsideOrBetweenAreRefused() {
        try (Arena arena = Arena.ofConfined()) {
            Arguments arguments = new Arguments(arena.allocate(44, 8));
            assertThatThrownBy(() -> arguments.set(40, 1)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> arguments.set(-8, 1)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> arguments.set(4, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not at 4");
            assertThatThrownBy(() -> new Arguments(MemorySegment.NULL).set(0, 1))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void closedMemoryIsRefused() {
        Arena arena = Arena.ofShared();
        Arguments arguments = new Arguments(arena.allocate(64, 8));
        arguments.set(0, 1);
        arena.close();
        assertThatThrownBy(() -> arguments.set(0, 1)).isInstanceOf(IllegalStateException.class);
    }
}
