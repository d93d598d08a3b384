package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// The script `./excitor` as a stranger meets it: a copy of it in a folder with spaces, the program that Maven has just
/// packaged, and a stand-in for Maven that delivers those jars in no time and notes what it was asked for.
@DisabledOnOs(OS.WINDOWS)
@Timeout(120)
class LauncherIT {

    private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();
    private static final Path MODULES = CHECKOUT.resolve("cli/target/modules");

    /// All the programs the script may use, beside the shell's own commands.
    private static final List<String> TOOLS = List.of(
            "sh",
            "sed",
            "find",
            "head",
            "dirname",
            "readlink",
            "cat",
            "mkdir",
            "rmdir",
            "rm",
            "cp",
            "mv",
            "touch",
            "date",
            "locale",
            "sleep");

    @TempDir
    Path temporary;

    private Path root;
    private Path launcher;
    private Path tools;
    private Path mavenCalls;
    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void copyTheCheckout() throws IOException {
        assertThat(MODULES).as("the packaged program: run 'mvn verify'").isDirectory();
        root = temporary.resolve("a folder with späces");
        Files.createDirectories(root.resolve("cli/src/main/java/deep"));
        Files.writeString(root.resolve("pom.xml"), "");
        Files.writeString(root.resolve("cli/pom.xml"), "");
        Files.writeString(root.resolve("cli/src/main/java/A.java"), "");
        Files.writeString(root.resolve("cli/src/main/java/deep/B.java"), "");
        launcher = root.resolve("excitor");
        Files.copy(CHECKOUT.resolve("excitor"), launcher, StandardCopyOption.COPY_ATTRIBUTES);
        tools = Files.createDirectory(temporary.resolve("tools"));
        for (String tool : TOOLS) {
            script(tools.resolve(tool), "exec '%s' \"$@\"".formatted(find(tool)));
        }
        mavenCalls = temporary.resolve("maven-calls");
        environment.put("PATH", tools.toString());
        environment.put("HOME", temporary.toString());
        environment.put("JAVA_HOME", System.getProperty("java.home"));
        maven("");
    }

    @Test
    void buildsOnceAndStartsFromAnywhere() throws Exception {
        Path link = temporary.resolve("link");
        Files.createSymbolicLink(link, temporary.relativize(launcher));
        Files.createSymbolicLink(temporary.resolve("second link"), link);

        Result first = start(temporary.resolve("second link"), "--version");
        assertThat(first.code).as(first.err).isZero();
        assertThat(first.out).startsWith("excitor 0.").hasLineCount(2);
        assertThat(first.err).contains("building", "built");

        Result second = start(launcher, "--version");
        assertThat(second.out).isEqualTo(first.out);
        assertThat(second.err).doesNotContain("buil");
        assertThat(mavenCalls).content().hasLineCount(1).contains("-pl cli -am", " package");
    }

    @Test
    void passesArgumentsAndTheExitCodeOn() throws Exception {
        Result result = start(launcher, "--no such öption");
        assertThat(result.code).isEqualTo(2);
        assertThat(result.out).isEmpty();
        assertThat(result.err).contains("--no such öption");
    }

    @Test
    void buildsAgainWhenASourceIsNewer() throws Exception {
        start(launcher, "--version");
        age(Files.readString(root.resolve(".excitor/current")).strip());
        Files.writeString(root.resolve("cli/src/main/java/A.java"), "changed");
        assertThat(start(launcher, "--version").err).contains("sources have changed");
        assertThat(mavenCalls).content().hasLineCount(2);
    }

    @Test
    void buildsAgainWhenASourceIsGone() throws Exception {
        start(launcher, "--version");
        age(Files.readString(root.resolve(".excitor/current")).strip());
        Files.delete(root.resolve("cli/src/main/java/deep/B.java"));
        assertThat(start(launcher, "--version").err).contains("sources have changed");
    }

    @Test
    void aSourceEditedDuringTheBuildCounts() throws Exception {
        maven("sleep 1; echo edited >\"$root/cli/src/main/java/A.java\"");
        start(launcher, "--version");
        maven("");
        assertThat(start(launcher, "--version").err).contains("sources have changed");
        assertThat(start(launcher, "--version").err).doesNotContain("sources have changed");
    }

    @Test
    void keepsTheFormerJarsAndDropsOlderOnes() throws Exception {
        for (int i = 0; i < 3; i++) {
            maven("# " + i);
            start(launcher, "--version");
            Files.writeString(root.resolve("cli/src/main/java/A.java"), "change " + i);
        }
        try (Stream<Path> kept = Files.list(root.resolve(".excitor"))) {
            assertThat(kept.map(path -> path.getFileName().toString()).filter(name -> name.startsWith("modules.")))
                    .hasSize(2);
        }
    }

    @Test
    void concurrentFirstStartsBuildOnce() throws Exception {
        maven("sleep 2");
        List<Process> starts =
                Stream.of(1, 2, 3).map(i -> launch(launcher, "--version")).toList();
        for (Process process : starts) {
            Result result = finish(process);
            assertThat(result.code).as(result.err).isZero();
            assertThat(result.out).startsWith("excitor 0.");
        }
        assertThat(mavenCalls).content().hasLineCount(1);
    }

    @Test
    void anInterruptedBuildIsRepaired() throws Exception {
        maven("exec sleep 60");
        Process process = launch(launcher, "--version");
        awaitMaven();
        process.toHandle().destroy();
        Result interrupted = finish(process);
        assertThat(interrupted.code).isEqualTo(143);
        assertThat(interrupted.err).contains("interrupted");
        assertThat(root.resolve(".excitor/lock")).doesNotExist();

        maven("");
        assertThat(start(launcher, "--version").code).isZero();
        assertThat(mavenCalls).content().contains(" clean package");
        assertThat(root.resolve(".excitor/unfinished")).doesNotExist();
    }

    @Test
    void aKilledBuildIsRepaired() throws Exception {
        maven("exec sleep 60");
        Process process = launch(launcher, "--version");
        ProcessHandle maven = awaitMaven();
        process.destroyForcibly().waitFor();
        maven.destroyForcibly();
        assertThat(root.resolve(".excitor/lock")).exists();

        maven("");
        Result result = start(launcher, "--version");
        assertThat(result.code).as(result.err).isZero();
        assertThat(mavenCalls).content().contains(" clean package");
    }

    @Test
    void aFailedBuildSaysSo() throws Exception {
        maven("echo some message; exit 1");
        Result result = start(launcher, "--version");
        assertThat(result.code).isEqualTo(1);
        assertThat(result.out).isEmpty();
        assertThat(result.err).contains("some message", "the build failed");
        assertThat(root.resolve(".excitor/lock")).doesNotExist();
    }

    @Test
    void withoutMavenOneSentenceSaysWhatToInstall() throws Exception {
        Files.delete(tools.resolve("mvn"));
        Result result = start(launcher, "--version");
        assertThat(result.code).isEqualTo(1);
        assertThat(result.out).isEmpty();
        assertThat(result.err).contains("Maven 3.8").hasLineCount(2);
        assertThat(root.resolve(".excitor/lock")).doesNotExist();
    }

    @Test
    void withoutAJdkOneSentenceSaysWhatToInstall() throws Exception {
        String script = Files.readString(launcher);
        assertThat(script).contains("needed=25");
        Files.writeString(launcher, script.replace("needed=25", "needed=99"));
        Result result = start(launcher, "--version");
        assertThat(result.code).isEqualTo(1);
        assertThat(result.out).isEmpty();
        assertThat(result.err).contains("a JDK of version 99 or newer").hasLineCount(1);
        assertThat(mavenCalls).doesNotExist();
    }

    @Test
    void anOldJavaHomeYieldsToTheJavaOnThePath() throws Exception {
        Path old = temporary.resolve("old jdk");
        Files.createDirectories(old.resolve("bin"));
        Files.writeString(old.resolve("release"), "JAVA_VERSION=\"17.0.1\"\n");
        script(old.resolve("bin/java"), "exit 99");
        script(old.resolve("bin/javac"), "exit 99");
        environment.put("JAVA_HOME", old.toString());
        Files.createSymbolicLink(tools.resolve("java"), Path.of(System.getProperty("java.home"), "bin/java"));
        assertThat(start(launcher, "--version").code).isZero();
        Files.delete(tools.resolve("java"));
    }

    @Test
    void aWrapperOnThePathIsAskedForItsJdk() throws Exception {
        environment.remove("JAVA_HOME");
        script(tools.resolve("java"), "exec '" + System.getProperty("java.home") + "/bin/java' \"$@\"");
        assertThat(start(launcher, "--version").code).isZero();
    }

    /// A broken archive of classes costs time and a warning of the JVM.
    @Test
    void theFirstFullRunLeavesItsClassesBehind() throws Exception {
        moveToAPlainFolder();
        environment.put("EXCITOR_START", "full");
        String[] line = run();
        Result first = start(launcher, line);
        assertThat(first.code).as(first.err).isZero();
        assertThat(first.err).contains(ProgramProcess.JVM_WARNING);
        assertThat(built("classes.jsa")).isNotEmptyFile();
        assertThat(built("start.aot")).doesNotExist();
        assertThat(start(launcher, line).out).isEqualTo(first.out);
        Files.write(built("classes.jsa"), new byte[100]);
        Result third = start(launcher, line);
        assertThat(third.code).as(third.err).isZero();
        assertThat(third.out).isEqualTo(first.out);
    }

    /// One rehearsal for all starts; without the module of the Vector API, of which the JVM would say so. A broken
    /// archive costs time.
    @Test
    void theFirstRunRehearsesForAll() throws Exception {
        needsMachineCode();
        moveToAPlainFolder();
        String[] line = run();
        Result first = start(launcher, line);
        assertThat(first.code).as(first.err).isZero();
        assertThat(first.err).contains("preparing quick starts").doesNotContain(ProgramProcess.JVM_WARNING);
        assertThat(built("start.aot")).isNotEmptyFile();
        Result second = start(launcher, line);
        assertThat(second.out).isEqualTo(first.out);
        assertThat(second.err).startsWith("\nload ").doesNotContain("preparing", "WARNING");
        Files.write(built("start.aot"), new byte[100]);
        Result third = start(launcher, line);
        assertThat(third.code).as(third.err).isZero();
        assertThat(third.out).isEqualTo(first.out);
        assertThat(third.err).startsWith("\nload ");
    }

    @Test
    void vectorsAreThereForWhoAsksForThem() throws Exception {
        moveToAPlainFolder();
        List<String> line = new ArrayList<>(List.of(run()));
        line.addAll(List.of("--kernel", "Vector"));
        Result result = start(launcher, line.toArray(String[]::new));
        assertThat(result.code).as(result.err).isZero();
        assertThat(result.err).contains(ProgramProcess.JVM_WARNING).doesNotContain("preparing");
    }

    /// A JDK whose rehearsal fails is asked once, whatever it left, and another JDK again.
    @Test
    void aRehearsalThatFailsIsNotRepeated() throws Exception {
        needsMachineCode();
        moveToAPlainFolder();
        Path jdk = Path.of(System.getProperty("java.home"));
        Path wrapper = temporary.resolve("jdk");
        Files.createDirectories(wrapper.resolve("bin"));
        Files.copy(jdk.resolve("release"), wrapper.resolve("release"));
        script(wrapper.resolve("bin/javac"), "exit 99");
        script(wrapper.resolve("bin/java"), """
                case "$*" in *Rehearsal*)
                    for argument in "$@"; do
                        case $argument in -XX:AOTCacheOutput=*) echo part >"${argument#*=}" ;; esac
                    done
                    exit 1 ;;
                esac
                exec '%s/bin/java' "$@\"""".formatted(jdk));
        environment.put("JAVA_HOME", wrapper.toString());
        String[] line = run();
        Result first = start(launcher, line);
        assertThat(first.code).as(first.err).isZero();
        assertThat(first.err).contains("preparing", ProgramProcess.JVM_WARNING);
        assertThat(start(launcher, line).err).doesNotContain("preparing");
        environment.put("JAVA_HOME", jdk.toString());
        assertThat(start(launcher, line).err).contains("preparing").doesNotContain(ProgramProcess.JVM_WARNING);
    }

    private static void needsMachineCode() throws IOException {
        Path cpuinfo = Path.of("/proc/cpuinfo");
        String features = Files.isReadable(cpuinfo) ? Files.readString(cpuinfo) : "";
        assumeThat(List.of(features.split("\\s+", -1)))
                .as("what the processor has")
                .contains("avx2", "fma", "f16c");
    }

    private void moveToAPlainFolder() throws IOException {
        root = Files.move(root, temporary.resolve("plain"));
        launcher = root.resolve("excitor");
        maven("");
    }

    /// The JVM finds no class with an archive of jars in such a folder.
    @Test
    void noClassesAreKeptInAFolderWithSpaces() throws Exception {
        String[] line = run();
        Result first = start(launcher, line);
        assertThat(first.code).as(first.err).isZero();
        assertThat(built("classes.jsa")).doesNotExist();
        assertThat(built("start.aot")).doesNotExist();
        assertThat(start(launcher, line).out).isEqualTo(first.out);
    }

    private String[] run() {
        String model = TestFiles.model(temporary.resolve("m.gguf"), "Q4_0").toString();
        return new String[] {"run", "-m", model, "-p", "a", "-n", "2", "--temp", "0"};
    }

    /// A file beside the jars in use.
    private Path built(String name) throws IOException {
        Path state = root.resolve(".excitor");
        return state.resolve(Files.readString(state.resolve("current")).strip()).resolve(name);
    }

    @Test
    void argumentsAreUtf8WhateverTheLocale() throws Exception {
        environment.put("LC_ALL", "C");
        assertThat(start(launcher, "naïve").err).contains("naïve");
    }

    private static Path find(String tool) {
        return Stream.of(System.getenv("PATH").split(":"))
                .map(folder -> Path.of(folder, tool))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow();
    }

    /// A Maven that notes its arguments and its process number, does something, and delivers the packaged jars.
    private void maven(String something) throws IOException {
        script(tools.resolve("mvn"), """
                echo "$@" >>'%s'
                root='%s'
                echo $$ >'%s'
                %s
                mkdir -p "$root/cli/target/modules"
                cp '%s'/*.jar "$root/cli/target/modules/"
                """.formatted(
                        mavenCalls, root, temporary.resolve("maven-pid"), something, MODULES));
    }

    private static void script(Path path, String body) throws IOException {
        Files.writeString(path, "#!/bin/sh\n" + body + "\n");
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private ProcessHandle awaitMaven() throws Exception {
        Path pid = temporary.resolve("maven-pid");
        while (!Files.exists(pid) || Files.size(pid) == 0) {
            Thread.sleep(Duration.ofMillis(10));
        }
        return ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).orElseThrow();
    }

    /// Moves the time of the last build and of all sources back, since a test is faster than some clocks tick.
    private void age(String modules) throws IOException {
        FileTime past = FileTime.fromMillis(System.currentTimeMillis() - 60_000);
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file :
                    files.filter(path -> !path.toString().contains(modules)).toList()) {
                Files.setLastModifiedTime(file, past);
            }
        }
    }

    private Result start(Path script, String... arguments) throws Exception {
        return finish(launch(script, arguments));
    }

    private Process launch(Path script, String... arguments) {
        ProcessBuilder builder = new ProcessBuilder(Stream.concat(Stream.of(script.toString()), Stream.of(arguments))
                .toList());
        builder.directory(temporary.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        try {
            return builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Result finish(Process process) throws Exception {
        String[] err = new String[1];
        Thread reader = Thread.ofVirtual().start(() -> err[0] = text(process.getErrorStream()));
        String out = text(process.getInputStream());
        reader.join();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Result(process.exitValue(), out, err[0]);
    }

    private static String text(InputStream stream) {
        try {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private record Result(int code, String out, String err) {}
}
