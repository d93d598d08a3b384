package dev.excitor.cli.info;

import java.util.ArrayList;
import java.util.List;

/// Titled sections of rows, whose cells stand under each other. A section without rows is left out.
public final class Report {

    private static final String INDENT = "  ";
    private static final String GAP = "  ";

    private record Section(String title, List<List<String>> rows) {}

    private final List<Section> sections = new ArrayList<>();

    /// Begins a section.
    public Report section(String title) {
        sections.add(new Section(printable(title), new ArrayList<>()));
        return this;
    }

    /// Adds a row to the last section.
    public Report row(Object... cells) {
        List<String> texts = new ArrayList<>();
        for (Object cell : cells) {
            texts.add(printable(String.valueOf(cell)));
        }
        sections.getLast().rows().add(texts);
        return this;
    }

    /// All of it, in whole lines, with an empty one between sections.
    public String text() {
        StringBuilder text = new StringBuilder();
        for (Section section : sections) {
            if (!section.rows().isEmpty()) {
                text.append(text.isEmpty() ? "" : "\n").append(section.title()).append('\n');
                append(section.rows(), text);
            }
        }
        return text.toString();
    }

    private static void append(List<List<String>> rows, StringBuilder text) {
        int columns = rows.stream().mapToInt(List::size).max().orElse(0);
        int[] widths = new int[columns];
        boolean[] numbers = new boolean[columns];
        for (int column = 0; column < columns; column++) {
            List<String> cells = column(rows, column);
            widths[column] = cells.stream().mapToInt(String::length).max().orElse(0);
            numbers[column] =
                    column > 0 && cells.stream().allMatch(cell -> cell.isEmpty() || Character.isDigit(cell.charAt(0)));
        }
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder(INDENT);
            for (int column = 0; column < row.size(); column++) {
                String cell = row.get(column);
                String padding = " ".repeat(widths[column] - cell.length());
                boolean last = column == columns - 1;
                line.append(numbers[column] && !last ? padding + cell : cell + padding)
                        .append(GAP);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
    }

    private static List<String> column(List<List<String>> rows, int column) {
        return rows.stream()
                .filter(row -> row.size() > column)
                .map(row -> row.get(column))
                .toList();
    }

    /// Names come from files: a terminal obeys control characters, and a line break would end the line.
    private static String printable(String text) {
        return text.codePoints()
                .map(c -> isPrintable(c) ? c : '?')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE -> false;
            default -> true;
        };
    }
}
