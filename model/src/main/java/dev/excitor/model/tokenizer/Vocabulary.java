package dev.excitor.model.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Set;

/// The tokens of a model: their bytes as the file writes them, what each is for, and the ids with a role.
///
/// Immutable. Ids run from 0 to [#size] - 1; a role that nobody has is [#NONE].
public final class Vocabulary {
    /// No token.
    public static final int NONE = -1;

    private final TokenTexts texts;
    private final TokenType[] types;
    private final float[] scores;
    private final Roles roles;
    private final Set<Integer> endOfGeneration;

    Vocabulary(TokenTexts texts, TokenType[] types, float[] scores, Roles roles, Set<Integer> endOfGeneration) {
        this.texts = texts;
        this.types = types;
        this.scores = scores;
        this.roles = roles;
        this.endOfGeneration = Set.copyOf(endOfGeneration);
    }

    /// The ids with a role, each [#NONE] when nobody has it.
    ///
    /// @param bos     opens a text
    /// @param eos     closes a text
    /// @param eot     closes a turn of a conversation
    /// @param eom     closes a message that continues, such as a tool call
    /// @param unknown stands for what cannot be expressed
    /// @param sep     stands between two texts
    /// @param pad     fills a batch
    record Roles(int bos, int eos, int eot, int eom, int unknown, int sep, int pad) {}

    /// How many tokens there are.
    public int size() {
        return types.length;
    }

    /// The bytes of a token as the file writes them: with U+2581 for a space, `<0x0A>` for a byte, or in the alphabet
    /// of byte-level BPE. What it stands for is [Tokenizer#bytes].
    public byte[] tokenBytes(int id) {
        return texts.get(check(id));
    }

    /// [#tokenBytes] as a string, for display.
    public String token(int id) {
        return new String(tokenBytes(id), StandardCharsets.UTF_8);
    }

    public TokenType type(int id) {
        return types[check(id)];
    }

    /// What a SentencePiece vocabulary ranks its merges by, the larger the earlier; 0 in a BPE vocabulary.
    public float score(int id) {
        return scores.length == 0 ? 0 : scores[check(id)];
    }

    /// The id of a token by its text as the file writes it, or [#NONE].
    public int find(String token) {
        byte[] bytes = Utf8.encode(token);
        return texts.find(bytes, 0, bytes.length);
    }

    /// The token that opens a text.
    public int bos() {
        return roles.bos();
    }

    /// The token that closes a text.
    public int eos() {
        return roles.eos();
    }

    /// The token that closes a turn of a conversation.
    public int eot() {
        return roles.eot();
    }

    /// The token that closes a message whose turn goes on, such as a tool call.
    public int eom() {
        return roles.eom();
    }

    /// The token for what the vocabulary cannot express.
    public int unknown() {
        return roles.unknown();
    }

    public int sep() {
        return roles.sep();
    }

    public int pad() {
        return roles.pad();
    }

    /// All tokens after which a model has nothing more to say.
    public Set<Integer> endOfGeneration() {
        return endOfGeneration;
    }

    public boolean endsGeneration(int id) {
        return endOfGeneration.contains(id);
    }

    TokenTexts texts() {
        return texts;
    }

    /// The token that plain text may become when it reads exactly so; never a control, unknown or byte token.
    int findText(byte[] text, int from, int to) {
        int id = texts.find(text, from, to);
        return id == NONE || !types[id].isText() ? NONE : id;
    }

    private int check(int id) {
        return Objects.checkIndex(id, types.length);
    }
}
