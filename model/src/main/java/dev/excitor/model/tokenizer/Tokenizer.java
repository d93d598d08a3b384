package dev.excitor.model.tokenizer;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Metadata;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Text to tokens and back, for one vocabulary. Immutable and shared by any number of threads.
///
/// Tokens are those of llama.cpp for the same file, with deliberate differences:
///
/// - Plain text never becomes a control, unknown or byte token by merging its way there; only
///   [EncodeOptions#parseSpecial] makes control tokens.
/// - What the vocabulary cannot express becomes the unknown token where there is one, instead of vanishing.
/// - Decoding does not tidy spaces away, so it is the inverse of encoding.
/// - Metadata that cannot be is refused where llama.cpp guesses; a BPE vocabulary has a BOS and an EOS only if the file
///   says which.
/// - Letters and digits are those of the JDK's Unicode, which may be newer by some characters.
public abstract sealed class Tokenizer permits Bpe, SentencePiece {
    /// The key of an array with one string per token.
    public static final String TOKENS = VocabularyReader.TOKENS;

    /// The values of `tokenizer.ggml.model` this package knows.
    private static final List<String> MODELS = List.of("llama", "gpt2");

    private final Vocabulary vocabulary;
    private final SpecialTokens userDefined;
    private final SpecialTokens allSpecial;
    private final boolean addBos;
    private final boolean addEos;

    /// @param addBos whether BOS opens a text where the file does not say
    Tokenizer(Metadata metadata, Vocabulary vocabulary, boolean addBos) {
        this.vocabulary = vocabulary;
        this.addBos = readAdd(metadata, "bos", vocabulary.bos(), addBos);
        this.addEos = readAdd(metadata, "eos", vocabulary.eos(), false);
        IntPredicate stripsLeft = stripsLeft(metadata, vocabulary);
        IntPredicate stripsRight = stripsRight(metadata, vocabulary);
        userDefined = new SpecialTokens(
                vocabulary.texts(), ids(vocabulary, type -> type == TokenType.USER_DEFINED), stripsLeft, stripsRight);
        allSpecial = new SpecialTokens(
                vocabulary.texts(),
                ids(vocabulary, type -> type == TokenType.USER_DEFINED || type.isSpecial()),
                stripsLeft,
                stripsRight);
    }

    /// Makes the tokenizer that a checkpoint's `tokenizer.ggml.*` keys describe.
    ///
    /// @throws ExcitorException.Unsupported   when its kind or its pre-tokenizer is not known, by name
    /// @throws ExcitorException.Mismatch      when a key's value cannot be: lists of different lengths, an id
    ///                                        outside the vocabulary, a merge of unknown tokens
    /// @throws ExcitorException.MalformedFile when a key is missing or of the wrong kind
    public static Tokenizer of(Metadata metadata) {
        String key = VocabularyReader.PREFIX + "model";
        String model = metadata.string(key);
        return switch (model) {
            case "llama" -> new SentencePiece(metadata);
            case "gpt2" -> new Bpe(metadata);
            default -> throw new ExcitorException.Unsupported("The tokenizer \"" + model + "\" of " + key, MODELS);
        };
    }

    /// For people: "SentencePiece, 32000 tokens".
    public abstract String description();

    public final Vocabulary vocabulary() {
        return vocabulary;
    }

    /// Whether [EncodeOptions#addSpecial] puts BOS before a text.
    public final boolean addsBos() {
        return addBos;
    }

    /// Whether [EncodeOptions#addSpecial] puts EOS after a text.
    public final boolean addsEos() {
        return addEos;
    }

    /// The tokens of a text, in time linear in its length (but for a logarithm). A lone surrogate counts as U+FFFD.
    public final int[] encode(String text, EncodeOptions options) {
        return encode(Utf8.encode(text), options);
    }

    /// The tokens of a text in UTF-8. Bytes that are not UTF-8 become byte tokens in a SentencePiece vocabulary and
    /// U+FFFD each in a BPE one.
    public final int[] encode(byte[] text, EncodeOptions options) {
        TokenIds tokens = new TokenIds();
        if (options.addSpecial() && addBos) {
            tokens.add(vocabulary.bos());
        }
        SpecialTokens special = options.parseSpecial() ? allSpecial : userDefined;
        encode(text, special, SpecialTokens.Where.ANYWHERE, true, tokens);
        if (options.addSpecial() && addEos) {
            tokens.add(vocabulary.eos());
        }
        return tokens.toArray();
    }

    /// The tokens of a text in segments that a model is to go on with. They are those of the whole text, across the
    /// borders of its segments, but that a control token is found only where it lies in markup entirely.
    ///
    /// @param opening whether the text opens a sequence: then BOS comes first, where the vocabulary asks for it, and a
    ///                space where it puts one before a text. Otherwise the text continues what the model has read or
    ///                written before. EOS never follows, as the text is to go on
    public final int[] encode(List<Segment> segments, boolean opening) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        NavigableMap<Integer, Integer> markup = new TreeMap<>();
        for (Segment segment : segments) {
            int from = text.size();
            text.writeBytes(Utf8.encode(segment.text()));
            if (segment.parseSpecial()) {
                Map.Entry<Integer, Integer> before = markup.lastEntry();
                boolean goesOn = before != null && before.getValue() == from;
                markup.put(goesOn ? before.getKey() : from, text.size());
            }
        }
        TokenIds tokens = new TokenIds();
        if (opening && addBos) {
            tokens.add(vocabulary.bos());
        }
        SpecialTokens.Where where = (id, from, to) -> {
            Map.Entry<Integer, Integer> span = markup.floorEntry(from);
            return vocabulary.type(id) == TokenType.USER_DEFINED || (span != null && to <= span.getValue());
        };
        encode(text.toByteArray(), allSpecial, where, opening, tokens);
        return tokens.toArray();
    }

    /// @param opening whether nothing stands before the text
    private void encode(
            byte[] text, SpecialTokens special, SpecialTokens.Where where, boolean opening, TokenIds tokens) {
        Encoder encoder = newEncoder(text, tokens);
        special.partition(text, where, new SpecialTokens.Sink() {
            private boolean afterSpecial = opening;

            @Override
            public void text(int from, int to) {
                encoder.encode(from, to, afterSpecial);
                afterSpecial = false;
            }

            @Override
            public void token(int id) {
                tokens.add(id);
                afterSpecial = true;
            }
        });
    }

    /// Encodes parts of one text without special tokens.
    interface Encoder {
        /// @param afterSpecial whether the part begins the text or follows a special token
        void encode(int from, int to, boolean afterSpecial);
    }

    abstract Encoder newEncoder(byte[] text, TokenIds tokens);

    /// The bytes a token stands for; none for a control or unknown token.
    public final byte[] bytes(int id) {
        return bytes(id, false);
    }

    /// The bytes a token stands for: not always whole characters.
    ///
    /// @param renderSpecial whether a control or unknown token stands for its own text, and not for nothing
    public final byte[] bytes(int id, boolean renderSpecial) {
        return switch (vocabulary.type(id)) {
            case NORMAL -> textBytes(id);
            case USER_DEFINED -> vocabulary.tokenBytes(id);
            case CONTROL, UNKNOWN -> renderSpecial ? vocabulary.tokenBytes(id) : new byte[0];
            case BYTE -> new byte[] {(byte) ByteTokens.parse(vocabulary.tokenBytes(id))};
            case UNUSED -> new byte[0];
        };
    }

    /// The bytes a normal token stands for.
    abstract byte[] textBytes(int id);

    /// Whether encoding puts a space before a text, which decoding takes away again.
    abstract boolean addsSpacePrefix();

    /// The text of whole tokens: [DecodeOptions#TEXT].
    public final String decode(int... tokens) {
        return decode(tokens, DecodeOptions.TEXT);
    }

    public final String decode(int[] tokens, DecodeOptions options) {
        StreamDecoder decoder = decoder(options);
        StringBuilder text = new StringBuilder();
        for (int token : tokens) {
            text.append(decoder.accept(token));
        }
        return text.append(decoder.flush()).toString();
    }

    /// A decoder for tokens that come one by one and continue a text: [DecodeOptions#CONTINUATION].
    public final StreamDecoder decoder() {
        return decoder(DecodeOptions.CONTINUATION);
    }

    public final StreamDecoder decoder(DecodeOptions options) {
        return new StreamDecoder(this, options);
    }

    private static boolean readAdd(Metadata metadata, String role, int id, boolean absent) {
        String key = VocabularyReader.PREFIX + "add_" + role + "_token";
        boolean add = metadata.bool(key, absent && id != Vocabulary.NONE);
        if (add && id == Vocabulary.NONE) {
            throw new ExcitorException.Mismatch(
                    key, "false, as " + VocabularyReader.PREFIX + role + "_token_id names no token", "true");
        }
        return add;
    }

    private static IntStream ids(Vocabulary vocabulary, Predicate<TokenType> wanted) {
        return IntStream.range(0, vocabulary.size()).filter(id -> wanted.test(vocabulary.type(id)));
    }

    /// Files do not say which tokens take the whitespace beside them away; llama.cpp knows these by name.
    private static IntPredicate stripsLeft(Metadata metadata, Vocabulary vocabulary) {
        String pre = metadata.findString(VocabularyReader.PREFIX + "pre").orElse("");
        boolean jina = Stream.of("jina-v2-de", "jina-v2-es", "jina-v2-code").anyMatch(pre::contains);
        int mask = jina ? vocabulary.find("<mask>") : Vocabulary.NONE;
        return id -> id == mask;
    }

    private static IntPredicate stripsRight(Metadata metadata, Vocabulary vocabulary) {
        String name = metadata.findString("general.name").orElse("").toLowerCase(Locale.ROOT);
        if (!name.contains("phi-3") && !name.contains("phi3")) {
            return id -> false;
        }
        List<Integer> kept =
                Stream.of("<unk>", "<s>", "<|endoftext|>").map(vocabulary::find).toList();
        return id -> !kept.contains(id);
    }
}
