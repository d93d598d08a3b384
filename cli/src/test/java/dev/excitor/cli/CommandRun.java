package dev.excitor.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/// One command line, run inside the test.
///
/// @param code the exit code
/// @param out  what went to standard output
/// @param err  what went to standard error
record CommandRun(int code, String out, String err) {

    static CommandRun of(String... arguments) {
        return withInput(new byte[0], arguments);
    }

    static CommandRun withInput(byte[] input, String... arguments) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        int code = Excitor.run(new Console(new ByteArrayInputStream(input), out, err), arguments);
        return new CommandRun(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
}
