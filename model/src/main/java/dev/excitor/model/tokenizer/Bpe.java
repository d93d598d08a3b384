package dev.excitor.model.tokenizer;

import dev.excitor.model.tokenizer.pretokenizer.CodePoints;
import dev.excitor.model.tokenizer.pretokenizer.Cuts;
import dev.excitor.model.tokenizer.pretokenizer.Pretokenizer;
import dev.excitor.model.tokenizer.pretokenizer.Pretokenizers;
import dev.excitor.runtime.checkpoint.Metadata;
import java.util.Optional;

/// Byte-level BPE, as GPT-2, Llama 3 and most models since use it: a pre-tokenizer cuts the text into words, the
/// symbols of a word are its bytes, and the neighbours that come first in the list of merges merge first, the
/// leftmost of equals.
///
/// Rico Sennrich, Barry Haddow and Alexandra Birch, "Neural Machine Translation of Rare Words with Subword Units",
/// 2016.
final class Bpe extends Tokenizer {
    private static final System.Logger LOG = System.getLogger(Bpe.class.getName());
    private static final String PRETOKENIZER = VocabularyReader.PREFIX + "pre";

    private final Vocabulary vocabulary;
    private final Pretokenizer pretokenizer;
    private final MergeTable merges;
    /// The token of each single byte, or [Vocabulary#NONE].
    private final int[] byteTokens = new int[256];

    Bpe(Metadata metadata) {
        this(
                metadata,
                readPretokenizer(metadata),
                VocabularyReader.read(metadata, false, new Vocabulary.Roles(-1, -1, -1, -1, -1, -1, -1)));
    }

    private Bpe(Metadata metadata, Pretokenizer pretokenizer, Vocabulary vocabulary) {
        super(metadata, vocabulary, pretokenizer.addBos());
        this.vocabulary = vocabulary;
        this.pretokenizer = pretokenizer;
        ByteTokens.check(vocabulary);
        merges = MergeTable.read(metadata, vocabulary);
        byte[] letter = new byte[2];
        for (int b = 0; b < byteTokens.length; b++) {
            int length = ByteAlphabet.write(new byte[] {(byte) b}, 0, 1, letter);
            byteTokens[b] = vocabulary.findText(letter, 0, length);
        }
    }

    private static Pretokenizer readPretokenizer(Metadata metadata) {
        Optional<String> name = metadata.findString(PRETOKENIZER);
        if (name.isEmpty()) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} is missing: words are cut by \"{1}\", which may not be how the model was trained; convert it anew",
                    PRETOKENIZER,
                    Pretokenizers.DEFAULT);
        }
        return Pretokenizers.of(name.orElse(Pretokenizers.DEFAULT));
    }

    @Override
    public String description() {
        return "BPE " + pretokenizer.names().getFirst() + ", " + vocabulary.size() + " tokens, " + merges.size()
                + " merges";
    }

    @Override
    boolean addsSpacePrefix() {
        return false;
    }

    @Override
    byte[] textBytes(int id) {
        return ByteAlphabet.read(vocabulary.tokenBytes(id));
    }

    @Override
    Encoder newEncoder(byte[] text, TokenIds tokens) {
        Word word = new Word(tokens);
        return (from, to, afterSpecial) -> {
            CodePoints points = CodePoints.of(text, from, to);
            Cuts cuts = pretokenizer.split(points);
            byte[] utf8 = points.utf8();
            int start = 0;
            int point = 0;
            for (int i = 0; i < cuts.size(); i++) {
                int end = start;
                for (; point < cuts.end(i); point++) {
                    end += points.utf8Length(point);
                }
                word.encode(utf8, start, end);
                start = end;
            }
        };
    }

    /// One word after the other, its symbols being its bytes.
    private final class Word extends Merger {
        private final TokenIds output;
        private final byte[] letters = new byte[Math.max(vocabulary.texts().longest(), 1) * 2];

        Word(TokenIds output) {
            this.output = output;
        }

        void encode(byte[] text, int from, int to) {
            if (pretokenizer.ignoreMerges() && to - from <= vocabulary.texts().longest()) {
                int whole = vocabulary.findText(letters, 0, ByteAlphabet.write(text, from, to, letters));
                if (whole != Vocabulary.NONE) {
                    output.add(whole);
                    return;
                }
            }
            int count = to - from;
            reserve(count);
            for (int i = 0; i < count; i++) {
                start(i, byteTokens[text[from + i] & 0xFF]);
            }
            mergeAll(count);
            for (int i = 0; i >= 0; i = next(i)) {
                int token = tokenOf(i) != Vocabulary.NONE ? tokenOf(i) : vocabulary.unknown();
                if (token != Vocabulary.NONE) {
                    output.add(token);
                }
            }
        }

        /// A merge is named by its place in the list.
        @Override
        int merge(int left, int right) {
            return merges.rank(tokenOf(left), tokenOf(right));
        }

        @Override
        int priority(int merge) {
            return merge;
        }

        @Override
        int token(int merge) {
            return merges.token(merge);
        }
    }
}
