package dev.excitor.cli;

/// The program `excitor`.
public final class Main {

    private Main() {}

    /// Runs a command and exits with its code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    public static void main(String[] arguments) {
        System.exit(Excitor.run(Console.ofProcess(), arguments));
    }
}
