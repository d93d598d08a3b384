package dev.excitor.loaders.sentencepiece;

import dev.excitor.loaders.file.FileBytes;
import dev.excitor.loaders.file.FileText;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.Unsupported;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/// Reads `tokenizer.model`. Whatever SentencePiece's own default is stands where the file is silent.
final class SentencePieceReader {

    private static final System.Logger LOG = System.getLogger(SentencePieceReader.class.getName());

    /// Sixteen times the largest vocabulary in use.
    private static final int MAX_BYTES = 64 << 20;

    private static final int MAX_PIECES = 1 << 22;
    private static final int BYTES = 256;
    private static final int BPE = 2;
    private static final List<String> MODEL_TYPES = List.of("unspecified", "UNIGRAM", "BPE", "WORD", "CHAR");

    private final Path path;
    private final List<Piece> pieces = new ArrayList<>();
    private final Map<String, Integer> ids = new HashMap<>();
    private int bytePieces;

    private long modelType = 1;
    private int modelTypeAt = -1;
    private boolean spaceAsSuffix;
    private boolean byteFallback;
    private long unknownId;
    private long bosId = 1;
    private long eosId = 2;
    private long padId = -1;
    private String bosPiece = "<s>";
    private String eosPiece = "</s>";
    private String padPiece = "<pad>";

    private String normalizer = "";
    private int charsMap;
    private boolean dummyPrefix = true;
    private boolean removeExtraSpaces = true;
    private boolean escapeSpaces = true;

    private SentencePieceReader(Path path) {
        this.path = path;
    }

    static SentencePieceModel read(Path path) {
        return parse(path, FileBytes.read(path, MAX_BYTES));
    }

    static SentencePieceModel parse(Path path, byte[] bytes) {
        var reader = new SentencePieceReader(path);
        reader.model(new ProtobufCursor(path, bytes));
        reader.checkKind();
        return new SentencePieceModel(path, reader.pieces, reader.roles(), reader.dummyPrefix);
    }

    private void model(ProtobufCursor model) {
        while (model.next()) {
            switch (model.field()) {
                case 1 -> piece(model.message("piece " + pieces.size()), model.fieldAt());
                case 2 -> trainerSpec(model.message("trainer_spec"));
                case 3 -> normalizerSpec(model.message("normalizer_spec"));
                default -> model.skip();
            }
        }
        if (pieces.isEmpty()) {
            throw malformed(-1, "expected the pieces of a SentencePiece model, found none");
        }
    }

    private void piece(ProtobufCursor message, int at) {
        String where = "piece " + pieces.size();
        String text = "";
        float score = 0;
        long type = Piece.Type.NORMAL.number();
        while (message.next()) {
            switch (message.field()) {
                case 1 -> text = message.string(where);
                case 2 -> score = message.float32(where + ", its score");
                case 3 -> type = message.integer(where + ", its type");
                default -> message.skip();
            }
        }
        if (text.isEmpty()) {
            throw malformed(at, where + ": expected a text, found none");
        }
        if (!Float.isFinite(score)) {
            throw malformed(at, "%s: expected a finite score, found %s".formatted(where, score));
        }
        if (pieces.size() == MAX_PIECES) {
            throw malformed(at, "expected at most %d pieces, found more".formatted(MAX_PIECES));
        }
        Integer earlier = ids.putIfAbsent(text, pieces.size());
        if (earlier != null) {
            throw malformed(
                    at,
                    "%s: expected a piece of its own, found %s, which piece %d is already"
                            .formatted(where, FileText.quote(text), earlier));
        }
        Piece piece = new Piece(text, score, type(where, type, at));
        if (piece.type() == Piece.Type.BYTE) {
            requireByte(text, where, at);
            bytePieces++;
        }
        pieces.add(piece);
    }

    private Piece.Type type(String where, long number, int at) {
        for (Piece.Type type : Piece.Type.values()) {
            if (type.number() == number) {
                return type;
            }
        }
        throw malformed(at, "%s: expected a type from 1 (normal) to 6 (byte), found %d".formatted(where, number));
    }

    private void requireByte(String text, String where, int at) {
        boolean named = text.length() == 6
                && text.startsWith("<0x")
                && HexFormat.isHexDigit(text.charAt(3))
                && HexFormat.isHexDigit(text.charAt(4))
                && text.endsWith(">");
        if (!named) {
            throw malformed(
                    at,
                    "%s: expected <0x00> to <0xFF>, as its type is byte, found %s"
                            .formatted(where, FileText.quote(text)));
        }
    }

    private void trainerSpec(ProtobufCursor spec) {
        while (spec.next()) {
            switch (spec.field()) {
                case 3 -> {
                    modelTypeAt = spec.fieldAt();
                    modelType = spec.integer("trainer_spec.model_type");
                }
                case 24 -> spaceAsSuffix = spec.bool("trainer_spec.treat_whitespace_as_suffix");
                case 35 -> byteFallback = spec.bool("trainer_spec.byte_fallback");
                case 40 -> unknownId = spec.integer("trainer_spec.unk_id");
                case 41 -> bosId = spec.integer("trainer_spec.bos_id");
                case 42 -> eosId = spec.integer("trainer_spec.eos_id");
                case 43 -> padId = spec.integer("trainer_spec.pad_id");
                case 46 -> bosPiece = spec.string("trainer_spec.bos_piece");
                case 47 -> eosPiece = spec.string("trainer_spec.eos_piece");
                case 48 -> padPiece = spec.string("trainer_spec.pad_piece");
                default -> spec.skip();
            }
        }
    }

    private void normalizerSpec(ProtobufCursor spec) {
        while (spec.next()) {
            switch (spec.field()) {
                case 1 -> normalizer = spec.string("normalizer_spec.name");
                case 2 -> charsMap = spec.byteCount("normalizer_spec.precompiled_charsmap");
                case 3 -> dummyPrefix = spec.bool("normalizer_spec.add_dummy_prefix");
                case 4 -> removeExtraSpaces = spec.bool("normalizer_spec.remove_extra_whitespaces");
                case 5 -> escapeSpaces = spec.bool("normalizer_spec.escape_whitespaces");
                default -> spec.skip();
            }
        }
    }

    private void checkKind() {
        if (modelType != BPE) {
            String name = modelType >= 0 && modelType < MODEL_TYPES.size()
                    ? MODEL_TYPES.get((int) modelType)
                    : Long.toString(modelType);
            String at = modelTypeAt < 0 ? "" : ", byte " + modelTypeAt;
            throw new Unsupported("%s%s: the SentencePiece model type %s".formatted(path, at, name), List.of("BPE"));
        }
        if (charsMap > 0) {
            throw new Unsupported(
                    "%s: the normalizer %s, which replaces characters before a text is cut,"
                            .formatted(path, FileText.quote(normalizer)),
                    List.of("identity"));
        }
        if (spaceAsSuffix || !escapeSpaces) {
            throw new Unsupported(
                    "%s: %s".formatted(path, spaceAsSuffix ? "treat_whitespace_as_suffix" : "escape_whitespaces off"),
                    List.of("spaces written as U+2581 before a word"));
        }
        if (byteFallback && bytePieces != BYTES) {
            throw malformed(
                    -1,
                    "expected a piece for each of the %d bytes, as byte_fallback is on, found %d"
                            .formatted(BYTES, bytePieces));
        }
        if (removeExtraSpaces) {
            LOG.log(
                    System.Logger.Level.DEBUG,
                    "{0}: remove_extra_whitespaces is on, and is not done: a text keeps doubled spaces, as in llama.cpp",
                    path);
        }
    }

    /// As SentencePiece does it: the unknown piece is known by its type, the others by their names, and the ids in the
    /// file only tell how the vocabulary was trained.
    private SentencePieceModel.Roles roles() {
        int unknown = SentencePieceModel.NONE;
        for (int id = 0; id < pieces.size(); id++) {
            if (pieces.get(id).type() == Piece.Type.UNKNOWN) {
                if (unknown != SentencePieceModel.NONE) {
                    throw malformed(-1, "expected one unknown piece, found pieces %d and %d".formatted(unknown, id));
                }
                unknown = id;
            }
        }
        if (unknown == SentencePieceModel.NONE) {
            throw malformed(-1, "expected one unknown piece, found none");
        }
        checkId("unk_id", unknownId);
        checkId("bos_id", bosId);
        checkId("eos_id", eosId);
        checkId("pad_id", padId);
        return new SentencePieceModel.Roles(unknown, control(bosPiece), control(eosPiece), control(padPiece));
    }

    private void checkId(String field, long id) {
        if (id < -1 || id >= pieces.size()) {
            throw malformed(
                    -1,
                    "trainer_spec.%s: expected a piece from 0 to %d, or -1 for none, found %d"
                            .formatted(field, pieces.size() - 1, id));
        }
    }

    private int control(String text) {
        int id = ids.getOrDefault(text, SentencePieceModel.NONE);
        return id != SentencePieceModel.NONE && pieces.get(id).type() == Piece.Type.CONTROL
                ? id
                : SentencePieceModel.NONE;
    }

    private MalformedFile malformed(int offset, String what) {
        return new MalformedFile(path, offset, what);
    }
}
