package dev.excitor.cli;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.excitor.loaders.gguf.GgufReader;
import dev.excitor.model.Model;
import dev.excitor.runtime.Engine;
import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What the modules may know of each other and of the world, and how large a file may become.
class ArchitectureTest {

    private static final int MOST_LINES = 600;

    private static final String VECTORS = "jdk.incubator.vector";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.excitor");

    @Test
    void allModulesAreLookedAt() {
        assertThat(CLASSES.stream().map(type -> type.getPackageName().split("\\.", 4)[2]))
                .contains("runtime", "model", "loaders", "train", "models", "cli");
    }

    @Test
    void modelAndLoadersDoNotKnowEachOther() {
        noClasses()
                .that(resideInAPackage("dev.excitor.model.."))
                .should()
                .dependOnClassesThat(resideInAPackage("dev.excitor.loaders.."))
                .check(CLASSES);
        noClasses()
                .that(resideInAPackage("dev.excitor.loaders.."))
                .should()
                .dependOnClassesThat(resideInAPackage("dev.excitor.model.."))
                .check(CLASSES);
    }

    @Test
    void nothingBelowKnowsTraining() {
        noClasses()
                .that(resideInAnyPackage("dev.excitor.runtime..", "dev.excitor.model..", "dev.excitor.loaders.."))
                .should()
                .dependOnClassesThat(resideInAPackage("dev.excitor.train.."))
                .check(CLASSES);
    }

    /// Annotations for the compiler are not there when the program runs.
    @Test
    void theRuntimeNeedsNothingButTheJdk() {
        classes()
                .that(resideInAPackage("dev.excitor.runtime.."))
                .should()
                .onlyDependOnClassesThat(
                        resideInAnyPackage("dev.excitor.runtime..", "java..", VECTORS, "org.jspecify.annotations"))
                .check(CLASSES);
    }

    @Test
    void nobodyReachesBehindTheJdk() {
        noClasses()
                .should()
                .dependOnClassesThat(resideInAnyPackage("sun..", "jdk.internal..", "com.sun.."))
                .check(CLASSES);
    }

    @Test
    void librariesDoNotPrint() {
        noClasses()
                .that(resideInAnyPackage(
                        "dev.excitor.runtime..",
                        "dev.excitor.model..",
                        "dev.excitor.loaders..",
                        "dev.excitor.train..",
                        "dev.excitor.models.."))
                .should(ACCESS_STANDARD_STREAMS)
                .check(CLASSES);
    }

    /// So that a user of the library compiles without the incubator module.
    @Test
    void noExportedSignatureNamesAVector() {
        Set<String> exported = Stream.of(Engine.class, Model.class, GgufReader.class)
                .map(ArchitectureTest::moduleOf)
                .flatMap(module -> module.exports().stream())
                .filter(export -> !export.isQualified())
                .map(ModuleDescriptor.Exports::source)
                .collect(Collectors.toSet());
        assertThat(exported).contains("dev.excitor.runtime", "dev.excitor.runtime.ops", "dev.excitor.model");
        List<JavaClass> types = CLASSES.stream()
                .filter(type -> exported.contains(type.getPackageName()))
                .filter(ArchitectureTest::isVisible)
                .toList();
        assertThat(types).as("exported types").hasSizeGreaterThan(50);
        assertThat(types)
                .allSatisfy(type -> assertThat(parents(type).map(JavaClass::getPackageName))
                        .as("parents of %s", type.getName())
                        .doesNotContain(VECTORS));
        assertThat(types.stream().flatMap(type -> type.getMembers().stream()))
                .filteredOn(ArchitectureTest::isVisible)
                .allSatisfy(member -> assertThat(signature(member).map(JavaClass::getPackageName))
                        .as(member.getFullName())
                        .doesNotContain(VECTORS));
    }

    private static ModuleDescriptor moduleOf(Class<?> type) {
        try {
            Path place = Path.of(
                    type.getProtectionDomain().getCodeSource().getLocation().toURI());
            return ModuleFinder.of(place).findAll().iterator().next().descriptor();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean isVisible(JavaClass type) {
        return isVisible(type.getModifiers())
                && type.getEnclosingClass().map(ArchitectureTest::isVisible).orElse(true);
    }

    private static boolean isVisible(JavaMember member) {
        return isVisible(member.getModifiers());
    }

    private static boolean isVisible(Set<JavaModifier> modifiers) {
        return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
    }

    private static Stream<JavaClass> parents(JavaClass type) {
        return Stream.concat(type.getAllRawSuperclasses().stream(), type.getAllRawInterfaces().stream());
    }

    /// Every type that a member's declaration names, type arguments included.
    private static Stream<JavaClass> signature(JavaMember member) {
        return switch (member) {
            case JavaField field -> field.getType().getAllInvolvedRawTypes().stream();
            case JavaCodeUnit code ->
                Stream.concat(Stream.of(code.getReturnType()), code.getParameterTypes().stream())
                        .flatMap(type -> type.getAllInvolvedRawTypes().stream());
            default -> throw new IllegalArgumentException(member.getFullName());
        };
    }

    /// What needs more is two things.
    @Test
    void filesStaySmall() throws IOException {
        Map<Path, Long> large = new TreeMap<>();
        int files = 0;
        for (String module : List.of("runtime", "model", "loaders", "train", "models", "bench", "cli")) {
            Path sources = repository().resolve(module).resolve("src").resolve("main");
            for (Path file : javaFiles(sources)) {
                files++;
                try (Stream<String> lines = Files.lines(file)) {
                    long count = lines.count();
                    if (count >= MOST_LINES) {
                        large.put(repository().relativize(file), count);
                    }
                }
            }
        }
        assertThat(files).as("files looked at").isGreaterThan(150);
        assertThat(large).as("files of %d lines and more", MOST_LINES).isEmpty();
    }

    private static List<Path> javaFiles(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".java")).toList();
        }
    }

    private static Path repository() {
        Path here = Path.of("").toAbsolutePath();
        return Stream.iterate(here, Objects::nonNull, Path::getParent)
                .filter(folder -> Files.exists(folder.resolve("CONTRIBUTING.md")))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("there is no repository above " + here));
    }
}
