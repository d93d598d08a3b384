package dev.excitor.model.tokenizer;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/// Tokens to text, one token at a time, never splitting a character: bytes that may still become one wait for the
/// next token, and bytes that no longer can become U+FFFD. Not for use by several threads.
public final class StreamDecoder {
    /// The longest beginning of a UTF-8 character that is not yet one.
    private static final int MAX_PENDING = 3;

    private final Tokenizer tokenizer;
    private final DecodeOptions options;
    private final CharsetDecoder utf8 = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private final byte[] pending = new byte[MAX_PENDING];
    private int pendingLength;
    private boolean stripSpace;

    StreamDecoder(Tokenizer tokenizer, DecodeOptions options) {
        this.tokenizer = tokenizer;
        this.options = options;
        reset();
    }

    /// The text that has become certain with this token; often empty.
    public String accept(int token) {
        byte[] bytes = tokenizer.bytes(token, options.renderSpecial());
        int from = 0;
        if (stripSpace && bytes.length > 0) {
            from = bytes[0] == ' ' ? 1 : 0;
            stripSpace = false;
        }
        ByteBuffer input = ByteBuffer.allocate(pendingLength + bytes.length - from)
                .put(pending, 0, pendingLength)
                .put(bytes, from, bytes.length - from)
                .flip();
        // A byte makes at most one char: what is malformed gives one U+FFFD for one byte or more.
        CharBuffer output = CharBuffer.allocate(input.remaining());
        utf8.decode(input, output, false);
        pendingLength = input.remaining();
        input.get(pending, 0, pendingLength);
        return output.flip().toString();
    }

    /// Ends the text: what still waited for the rest of a character is U+FFFD. The decoder is then ready for a new
    /// text.
    public String flush() {
        CharBuffer output = CharBuffer.allocate(MAX_PENDING);
        utf8.decode(ByteBuffer.wrap(pending, 0, pendingLength), output, true);
        utf8.flush(output);
        reset();
        return output.flip().toString();
    }

    private void reset() {
        utf8.reset();
        pendingLength = 0;
        stripSpace = options.fromStart() && tokenizer.addsSpacePrefix();
    }
}
