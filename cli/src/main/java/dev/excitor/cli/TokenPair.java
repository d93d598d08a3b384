package dev.excitor.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// `P,N`: tokens of a prompt and tokens generated behind it.
record TokenPair(int prompt, int generated) {

    /// For picocli.
    static final class Converter implements ITypeConverter<TokenPair> {
        @Override
        public TokenPair convert(String value) {
            if (!value.matches("\\d{1,9},\\d{1,9}")) {
                throw new TypeConversionException("expected P,N: two numbers of tokens, such as 512,128");
            }
            int comma = value.indexOf(',');
            return new TokenPair(
                    Integer.parseInt(value.substring(0, comma)), Integer.parseInt(value.substring(comma + 1)));
        }
    }
}
