package dev.excitor.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CpuNameTest {

    @Test
    void isWhatLinuxCallsTheFirstProcessor() {
        String cpuinfo =
                "processor\t: 0\nmodel\t\t: 2\nmodel name\t: AMD EPYC 9B14\n\nprocessor\t: 1\nmodel name\t: other\n";
        assertThat(Cpu.name(cpuinfo)).contains("AMD EPYC 9B14");
    }

    @Test
    void isTheArchitectureWhereNobodyTells() {
        assertThat(Cpu.name("")).isEmpty();
        assertThat(Cpu.name("model name\t:\n")).isEmpty();
        assertThat(Cpu.name()).isNotBlank();
    }
}
