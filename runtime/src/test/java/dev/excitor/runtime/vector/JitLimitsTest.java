package dev.excitor.runtime.vector;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.reflect.AccessFlag;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The limits of the compiler are part of the design: HotSpot never compiles a method above 8,000 bytecodes and never
/// inlines a hot one above 325, after which its vectors are boxed and it is fifty times slower.
class JitLimitsTest {

    /// HotSpot's HugeMethodLimit.
    private static final int COMPILED = 8_000;
    /// HotSpot's FreqInlineSize.
    private static final int INLINED = 325;

    @Test
    void everyMethodOfAKernelCanBeCompiled() {
        List<MethodModel> methods =
                kernels().stream().flatMap(kernel -> kernel.methods().stream()).toList();
        assertThat(methods).as("methods of vector kernels").hasSizeGreaterThan(10);
        assertThat(methods)
                .allSatisfy(method -> assertThat(size(method))
                        .as("bytecodes of %s", describe(method))
                        .isLessThanOrEqualTo(COMPILED));
    }

    @Test
    void everyHelperThatPassesVectorsIsInlined() {
        List<MethodModel> helpers = kernels().stream()
                .flatMap(kernel -> kernel.methods().stream())
                .filter(method -> method.methodType().stringValue().contains("jdk/incubator/vector/"))
                .filter(method -> !method.methodName().equalsString("<init>"))
                .toList();
        assertThat(helpers).as("helpers that pass vectors").hasSizeGreaterThan(3);
        assertThat(helpers)
                .allSatisfy(method -> assertThat(size(method))
                        .as("bytecodes of %s", describe(method))
                        .isLessThanOrEqualTo(INLINED))
                .filteredOn(
                        method -> method.methodType().stringValue().matches(".*/(Byte|Short|Int|Long|Float)Vector;.*"))
                .allSatisfy(method -> assertThat(method.flags().has(AccessFlag.STATIC))
                        .as("%s is static, so that no receiver stands in the way of inlining it", describe(method))
                        .isTrue());
    }

    /// The class files of this module that work with vectors: those in this package and those that say so in their
    /// name.
    private static List<ClassModel> kernels() {
        try {
            Path classes = Path.of(Lanes.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            try (Stream<Path> files = Files.walk(classes)) {
                return files.filter(file -> file.toString().endsWith(".class"))
                        .filter(file -> file.getFileName().toString().contains("Vector")
                                || classes.relativize(file).startsWith("dev/excitor/runtime/vector"))
                        .map(JitLimitsTest::parse)
                        .toList();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ClassModel parse(Path file) {
        try {
            return ClassFile.of().parse(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int size(MethodModel method) {
        return method.code().map(code -> ((CodeAttribute) code).codeLength()).orElse(0);
    }

    private static String describe(MethodModel method) {
        String owner = method.parent()
                .map(parent -> parent.thisClass().asInternalName().replace('/', '.'))
                .orElse("?");
        return owner + "." + method.methodName().stringValue();
    }
}
