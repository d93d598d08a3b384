package dev.excitor.runtime.asm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every form of every instruction, byte for byte as the GNU assembler writes it.
///
/// A new instruction needs a row for each form in the table of its kind: low and high registers at each operand, its
/// sizes, a mask, displacements around the ends of a byte. [Row] says where the bytes come from.
class AssemblerTest {

    /// Who else is public without being an instruction.
    private static final Set<String> LABELS = Set.of("bind", "here");

    static Stream<Row> rows() {
        return Stream.of(IntegerTable.ROWS, TileTable.ROWS, MoveTable.ROWS, ArithmeticTable.ROWS)
                .flatMap(List::stream);
    }

    @ParameterizedTest
    @MethodSource("rows")
    void writesWhatTheGnuAssemblerWrites(Row row) {
        assertThat(row.assembled(new Assembler())).isEqualTo(row.hex());
    }

    /// What begins with 0x62 is an instruction of AVX-512, and so is every one on masks; processors with tiles have it
    /// too.
    @ParameterizedTest
    @MethodSource("rows")
    void goesWithoutAvx512WhereItShall(Row row) {
        if (row.hex().startsWith("62") || row.intel().startsWith("k") || TileTable.ROWS.contains(row)) {
            assertThatIllegalArgumentException().isThrownBy(() -> row.assembled(Assembler.withoutAvx512()));
        } else {
            assertThat(row.assembled(Assembler.withoutAvx512())).isEqualTo(row.hex());
        }
    }

    @Test
    void everyFormHasARow() {
        Set<String> forms = new TreeSet<>();
        Stream.of(IntegerAssembler.class, TileAssembler.class, MoveAssembler.class, Assembler.class)
                .flatMap(kind -> Arrays.stream(kind.getDeclaredMethods()))
                .filter(method -> Modifier.isPublic(method.getModifiers()) && !method.isSynthetic())
                .filter(method -> !Modifier.isStatic(method.getModifiers()))
                .filter(method -> !LABELS.contains(method.getName()))
                .forEach(method -> forms.addAll(forms(method)));
        Set<String> shown = new TreeSet<>();
        rows().forEach(row -> shown.add(form(row.intel())));
        assertThat(shown).containsExactlyElementsOf(forms);
    }

    /// A method's name and operands, twice where an operand may be a register or memory.
    private static List<String> forms(Method method) {
        List<String> forms = List.of(method.getName());
        for (Class<?> type : method.getParameterTypes()) {
            List<Class<?>> kinds = type == Operand.class ? List.of(Vec.class, Mem.class) : List.of(type);
            List<String> longer = new ArrayList<>();
            for (String form : forms) {
                kinds.forEach(kind -> longer.add(form + " " + kind.getSimpleName()));
            }
            forms = longer;
        }
        return forms;
    }

    /// The same from a text.
    private static String form(String intel) {
        String[] words = intel.replaceAll("d?word ptr ", "").split(",? ");
        String name = words[0].equals("movzx") ? "movzxw" : words[0];
        StringBuilder form = new StringBuilder(name);
        for (String operand : Arrays.asList(words).subList(1, words.length)) {
            form.append(' ').append(kind(operand).getSimpleName());
        }
        return form.toString();
    }

    private static Class<?> kind(String operand) {
        if (operand.contains("[")) {
            return Mem.class;
        } else if (operand.matches("[xyz]mm.*")) {
            return Vec.class;
        } else if (operand.matches("tmm\\d")) {
            return Tile.class;
        } else if (operand.matches("k\\d")) {
            return OpMask.class;
        } else if (operand.matches("-?\\d+")) {
            return int.class;
        }
        return operand.equals(".") ? Label.class : Gpr.class;
    }
}
