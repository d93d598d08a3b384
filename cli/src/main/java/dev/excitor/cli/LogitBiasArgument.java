package dev.excitor.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// `TOKEN(+|-)VALUE`.
///
/// @param token the token's number
/// @param value what is added to its logit; -infinity forbids it
record LogitBiasArgument(int token, float value) {

    private static final Pattern FORM = Pattern.compile("(\\d+)([+-])([\\d.eE]+|inf)");

    /// For picocli.
    static final class Converter implements ITypeConverter<LogitBiasArgument> {
        @Override
        public LogitBiasArgument convert(String argument) {
            Matcher parts = FORM.matcher(argument);
            if (!parts.matches()) {
                throw wrong(argument);
            }
            try {
                float size = parts.group(3).equals("inf") ? Float.POSITIVE_INFINITY : Float.parseFloat(parts.group(3));
                return new LogitBiasArgument(
                        Integer.parseInt(parts.group(1)), parts.group(2).equals("-") ? -size : size);
            } catch (NumberFormatException e) {
                throw wrong(argument);
            }
        }

        private static TypeConversionException wrong(String argument) {
            return new TypeConversionException(
                    "expected a token's number, + or -, and a number or inf, such as 15043-1, but found '" + argument
                            + "'");
        }
    }
}
