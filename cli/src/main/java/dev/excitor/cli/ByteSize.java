package dev.excitor.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// `512M`, `6G`, `1.5GiB`: powers of 1024; a number alone is bytes.
final class ByteSize implements ITypeConverter<Long> {

    private static final Pattern SIZE = Pattern.compile("(\\d{1,15}(?:\\.\\d{1,3})?)(?:([KMGT])(?:IB|B)?)?");
    private static final String UNITS = "KMGT";

    @Override
    public Long convert(String text) {
        Matcher size = SIZE.matcher(text.toUpperCase(Locale.ROOT));
        if (!size.matches()) {
            throw new TypeConversionException("'%s' is no size such as 6G or 512M".formatted(text));
        }
        String unit = size.group(2);
        double bytes = Double.parseDouble(size.group(1)) * (unit == null ? 1 : 1L << (10 * (UNITS.indexOf(unit) + 1)));
        if (bytes >= Long.MAX_VALUE) {
            throw new TypeConversionException("'%s' is more than any memory".formatted(text));
        }
        return (long) bytes;
    }
}
