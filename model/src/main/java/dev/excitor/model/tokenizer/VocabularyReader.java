package dev.excitor.model.tokenizer;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Metadata;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/// Reads and checks the vocabulary part of a checkpoint's metadata. Afterwards look-ups cannot fail.
///
/// Every fault is an [ExcitorException.Mismatch] that names the key, or the reader's own exception where a value is
/// of the wrong kind.
final class VocabularyReader {
    static final String PREFIX = "tokenizer.ggml.";
    static final String TOKENS = PREFIX + "tokens";
    static final String SCORES = PREFIX + "scores";
    static final String TYPES = PREFIX + "token_type";

    /// Tokens that end a generation beside those with a role: GGUF has no such key, readers of other files set it.
    private static final String ENDS = PREFIX + "eog_token_ids";

    /// What a file writes for "there is no such token", as an unsigned and as a signed number.
    private static final Set<Long> ABSENT = Set.of(0xFFFF_FFFFL, -1L);

    /// Tokens that close a turn, by name: files often leave `eot_token_id` out.
    private static final List<String> EOT_NAMES = List.of(
            "<|eot_id|>",
            "<|im_end|>",
            "<|end|>",
            "<end_of_turn>",
            "<|endoftext|>",
            "<|end_of_text|>",
            "<EOT>",
            "_<EOT>",
            "[EOT]",
            "<｜end▁of▁sentence｜>",
            "<end_of_utterance>");

    private static final List<String> EOM_NAMES = List.of("<|eom_id|>");

    /// Further tokens that end a generation whatever their role.
    private static final List<String> END_NAMES = List.of("</s>", "[EOS]", "<eos>");

    /// Fill-in-the-middle tokens after which only another document could follow.
    private static final List<String> FIM_PAD_NAMES =
            List.of("<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]");

    private static final List<String> FIM_REPOSITORY_NAMES =
            List.of("<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>");
    private static final List<String> FIM_SEPARATOR_NAMES = List.of("<|file_sep|>");

    private final Metadata metadata;
    private final TokenTexts texts;
    private final TokenType[] types;

    private VocabularyReader(Metadata metadata) {
        this.metadata = metadata;
        texts = readTexts();
        types = readTypes();
    }

    /// @param scored   whether every token must have a score
    /// @param defaults the roles where the file says nothing; an id outside the vocabulary counts as none
    static Vocabulary read(Metadata metadata, boolean scored, Vocabulary.Roles defaults) {
        VocabularyReader reader = new VocabularyReader(metadata);
        float[] scores = scored ? reader.readScores() : new float[0];
        Vocabulary.Roles roles = reader.readRoles(defaults);
        Set<Integer> ends = reader.findEnds(roles);
        return new Vocabulary(reader.texts, reader.types, scores, roles, ends);
    }

    private TokenTexts readTexts() {
        List<byte[]> tokens = metadata.findBytes(TOKENS)
                .filter(list -> !list.isEmpty())
                .orElseThrow(() -> new ExcitorException.Mismatch(TOKENS, "at least one token", "none"));
        long total = tokens.stream().mapToLong(token -> token.length).sum();
        if (total > Integer.MAX_VALUE / 2 || tokens.size() > 1 << 28) {
            throw new ExcitorException.Mismatch(
                    TOKENS, "at most 1 GiB in 268435456 tokens", total + " bytes in " + tokens.size() + " tokens");
        }
        TokenTexts result = new TokenTexts(tokens, ThreadLocalRandom.current().nextLong());
        int second = result.duplicate();
        if (second != Vocabulary.NONE) {
            byte[] text = result.get(second);
            int first = result.find(text, 0, text.length);
            throw new ExcitorException.Mismatch(
                    at(TOKENS, second), "a token of its own", quote(text) + ", which token " + first + " is already");
        }
        return result;
    }

    private TokenType[] readTypes() {
        TokenType[] result = new TokenType[texts.size()];
        Arrays.fill(result, TokenType.NORMAL);
        metadata.findLongs(TYPES).ifPresent(numbers -> {
            checkLength(TYPES, numbers.length);
            for (int i = 0; i < numbers.length; i++) {
                if (numbers[i] < 0 || numbers[i] >= TokenType.NUMBERS) {
                    throw new ExcitorException.Mismatch(
                            at(TYPES, i), "a token type from 0 to " + (TokenType.NUMBERS - 1), "" + numbers[i]);
                }
                result[i] = TokenType.of((int) numbers[i]);
            }
        });
        return result;
    }

    private float[] readScores() {
        float[] scores = metadata.findFloats(SCORES)
                .orElseThrow(() -> new ExcitorException.Mismatch(
                        SCORES, "a score for each of " + texts.size() + " tokens", "nothing"));
        checkLength(SCORES, scores.length);
        for (int i = 0; i < scores.length; i++) {
            if (Float.isNaN(scores[i])) {
                throw new ExcitorException.Mismatch(at(SCORES, i), "a number", "NaN");
            }
        }
        return scores;
    }

    private void checkLength(String key, int length) {
        if (length != texts.size()) {
            throw new ExcitorException.Mismatch(
                    key, texts.size() + " elements, as many as " + TOKENS, length + " elements");
        }
    }

    private Vocabulary.Roles readRoles(Vocabulary.Roles defaults) {
        return new Vocabulary.Roles(
                readId("bos", defaults.bos()),
                readId("eos", defaults.eos()),
                readControl("eot", EOT_NAMES),
                readControl("eom", EOM_NAMES),
                readId("unknown", defaults.unknown()),
                // The format's specification and most files write "seperator"; some writers spell it right.
                readId("seperator", readId("separator", defaults.sep())),
                readId("padding", defaults.pad()));
    }

    private int readId(String role, int absent) {
        String key = PREFIX + role + "_token_id";
        OptionalLong value = metadata.findLong(key);
        if (value.isEmpty()) {
            return absent < texts.size() ? absent : Vocabulary.NONE;
        }
        long id = value.getAsLong();
        if (ABSENT.contains(id)) {
            return Vocabulary.NONE;
        }
        return checkId(key, id);
    }

    private int checkId(String key, long id) {
        if (id < 0 || id >= texts.size()) {
            throw new ExcitorException.Mismatch(
                    key, "a token from 0 to " + (texts.size() - 1) + ", or 4294967295 for none", "" + id);
        }
        return (int) id;
    }

    /// The role's id where the file gives it, otherwise the first of the names that is a token, which then counts as
    /// control token whatever its type says.
    private int readControl(String role, List<String> names) {
        int id = readId(role, Vocabulary.NONE);
        if (id == Vocabulary.NONE) {
            id = names.stream()
                    .mapToInt(this::find)
                    .filter(found -> found != Vocabulary.NONE)
                    .findFirst()
                    .orElse(Vocabulary.NONE);
            if (id != Vocabulary.NONE) {
                types[id] = TokenType.CONTROL;
            }
        }
        return id;
    }

    /// The end-of-generation set: the file's ids and every token with a known name. Names are a makeshift, but the
    /// files say no more.
    private Set<Integer> findEnds(Vocabulary.Roles roles) {
        Set<Integer> ends = new HashSet<>(List.of(
                roles.eos(),
                roles.eot(),
                roles.eom(),
                readControl("fim_pad", FIM_PAD_NAMES),
                readControl("fim_rep", FIM_REPOSITORY_NAMES),
                readControl("fim_sep", FIM_SEPARATOR_NAMES)));
        Stream.of(EOT_NAMES, EOM_NAMES, END_NAMES).flatMap(List::stream).forEach(name -> {
            int id = find(name);
            if (id != Vocabulary.NONE) {
                types[id] = TokenType.CONTROL;
                ends.add(id);
            }
        });
        ends.remove(Vocabulary.NONE);
        metadata.findLongs(ENDS).ifPresent(ids -> {
            for (int i = 0; i < ids.length; i++) {
                ends.add(checkId(at(ENDS, i), ids[i]));
            }
        });
        return ends;
    }

    private int find(String token) {
        byte[] bytes = Utf8.encode(token);
        return texts.find(bytes, 0, bytes.length);
    }

    static String at(String key, int index) {
        return key + "[" + index + "]";
    }

    /// A token as a person can read it, cut when long.
    static String quote(byte[] token) {
        int shown = Math.min(token.length, 40);
        String text = new String(token, 0, shown, StandardCharsets.UTF_8);
        return "\"" + text + (shown < token.length ? "…" : "") + "\"";
    }
}
