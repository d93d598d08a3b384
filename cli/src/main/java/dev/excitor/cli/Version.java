package dev.excitor.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/// What `--version` prints.
final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() throws IOException {
        return new String[] {
            "excitor " + properties().getProperty("version"),
            "%s %s, %s %s"
                    .formatted(
                            System.getProperty("java.vm.name"),
                            System.getProperty("java.version"),
                            System.getProperty("os.name"),
                            System.getProperty("os.arch"))
        };
    }

    /// The commit that the program was built from, or `unknown`.
    static String commit() throws IOException {
        return properties().getProperty("commit");
    }

    private static Properties properties() throws IOException {
        Properties properties = new Properties();
        try (InputStream resource = Version.class.getResourceAsStream("version.properties")) {
            properties.load(resource);
        }
        return properties;
    }
}
