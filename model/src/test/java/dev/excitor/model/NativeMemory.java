package dev.excitor.model;

import java.lang.management.ManagementFactory;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;
import org.junit.jupiter.api.Assumptions;

/// What arenas have taken from the system, to the byte, as the JVM's own tracking knows it
/// (`-XX:NativeMemoryTracking=summary`).
final class NativeMemory {

    private static final Pattern OTHER = Pattern.compile("Other \\(reserved=(\\d+)");

    private NativeMemory() {}

    static long used() {
        Matcher matcher = OTHER.matcher(summary());
        Assumptions.assumeTrue(matcher.find(), "skipped: needs -XX:NativeMemoryTracking=summary");
        return Long.parseLong(matcher.group(1));
    }

    private static String summary() {
        try {
            return (String) ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "vmNativeMemory",
                            new Object[] {new String[] {"summary", "scale=B"}},
                            new String[] {String[].class.getName()});
        } catch (JMException e) {
            throw new IllegalStateException(e);
        }
    }
}
