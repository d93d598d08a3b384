package dev.excitor.loaders.meta;

import dev.excitor.loaders.file.FileText;
import dev.excitor.loaders.gguf.GgufMetadataBuilder;
import dev.excitor.loaders.gguf.GgufType;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The vocabulary of Llama 3: a line for each byte sequence, in Base64, with its rank, which is also its id. Two tokens
/// merge into a third wherever there is one, the lowest rank first; which two that may be is derived here, since GGUF
/// lists merges and not ranks.
///
/// The 256 control tokens behind them stand in no file: they are those of Meta's code.
final class RankedVocabulary implements MetaVocabulary {

    static final int MAX_BYTES = 64 << 20;

    private static final int MAX_TOKENS = 1 << 20;
    private static final int MAX_TOKEN = 512;
    private static final int BYTES = 256;
    private static final int CONTROLS = 256;

    private static final int NORMAL = 1;
    private static final int CONTROL = 3;

    /// Control tokens with a name; those without are reserved, counted from 0.
    private static final List<String> LLAMA_3 = List.of(
            "<|begin_of_text|>",
            "<|end_of_text|>",
            "",
            "",
            "",
            "",
            "<|start_header_id|>",
            "<|end_header_id|>",
            "",
            "<|eot_id|>");

    private static final List<String> LLAMA_3_1 = List.of(
            "<|begin_of_text|>",
            "<|end_of_text|>",
            "",
            "",
            "<|finetune_right_pad_id|>",
            "",
            "<|start_header_id|>",
            "<|end_header_id|>",
            "<|eom_id|>",
            "<|eot_id|>",
            "<|python_tag|>");

    private final List<byte[]> tokens;
    private final boolean isLlama31;

    private RankedVocabulary(List<byte[]> tokens, boolean isLlama31) {
        this.tokens = tokens;
        this.isLlama31 = isLlama31;
    }

    /// A token as a key: Latin-1 is the bytes themselves.
    private static String key(byte[] token) {
        return new String(token, StandardCharsets.ISO_8859_1);
    }

    /// @throws MalformedFile when a line is not a token and its rank, or ranks are not 0, 1, 2, …
    static RankedVocabulary parse(Path path, byte[] file, boolean isLlama31) {
        var tokens = new ArrayList<byte[]>();
        Map<String, Integer> ranks = new HashMap<>();
        int single = 0;
        for (int at = 0; at < file.length; ) {
            int end = at;
            while (end < file.length && file[end] != '\n') {
                end++;
            }
            byte[] token = token(path, file, at, end, tokens.size());
            Integer earlier = ranks.putIfAbsent(key(token), tokens.size());
            if (earlier != null) {
                throw new MalformedFile(
                        path,
                        at,
                        "token %d: expected one of its own, found that of %d".formatted(tokens.size(), earlier));
            }
            single += token.length == 1 ? 1 : 0;
            tokens.add(token);
            at = end + 1;
        }
        if (single != BYTES) {
            throw new MalformedFile(
                    path, -1, "expected a token for each of the %d bytes, found %d".formatted(BYTES, single));
        }
        return new RankedVocabulary(tokens, isLlama31);
    }

    private static byte[] token(Path path, byte[] file, int from, int to, int rank) {
        if (rank == MAX_TOKENS) {
            throw new MalformedFile(path, from, "expected at most %d tokens, found more".formatted(MAX_TOKENS));
        }
        String line = new String(file, from, Math.min(to - from, 2 * MAX_TOKEN), StandardCharsets.ISO_8859_1);
        int space = line.indexOf(' ');
        byte[] token = {};
        try {
            token = space < 1 ? token : Base64.getDecoder().decode(line.substring(0, space));
        } catch (IllegalArgumentException notBase64) {
            token = new byte[0];
        }
        boolean isSound = token.length > 0
                && token.length <= MAX_TOKEN
                && line.substring(space + 1).equals(Integer.toString(rank));
        if (!isSound) {
            throw new MalformedFile(
                    path,
                    from,
                    "expected a token of 1 to %d bytes in Base64, a space and %d, found %s"
                            .formatted(MAX_TOKEN, rank, FileText.quote(line)));
        }
        return token;
    }

    @Override
    public int size() {
        return tokens.size() + CONTROLS;
    }

    @Override
    public void addTo(GgufMetadataBuilder metadata) {
        var texts = new ArrayList<String>(size());
        tokens.forEach(token -> texts.add(ByteLetters.write(token, 0, token.length)));
        texts.addAll(controls());
        long[] types = new long[size()];
        Arrays.fill(types, NORMAL);
        Arrays.fill(types, tokens.size(), size(), CONTROL);
        metadata.string("tokenizer.ggml.model", "gpt2")
                .string("tokenizer.ggml.pre", "llama-bpe")
                .strings("tokenizer.ggml.tokens", texts)
                .integers("tokenizer.ggml.token_type", GgufType.INT32, types)
                .byteStrings("tokenizer.ggml.merges", merges())
                .uint32("tokenizer.ggml.bos_token_id", tokens.size())
                .uint32("tokenizer.ggml.eos_token_id", tokens.size() + 1);
    }

    private List<String> controls() {
        List<String> named = isLlama31 ? LLAMA_3_1 : LLAMA_3;
        var controls = new ArrayList<String>(CONTROLS);
        int reserved = 0;
        for (int i = 0; i < CONTROLS; i++) {
            boolean hasName = i < named.size() && !named.get(i).isEmpty();
            controls.add(hasName ? named.get(i) : "<|reserved_special_token_%d|>".formatted(reserved++));
        }
        return controls;
    }

    /// Every way to cut a token in two tokens, in the order of what they make.
    private List<byte[]> merges() {
        Map<String, Integer> ranks = new HashMap<>();
        tokens.forEach(token -> ranks.put(key(token), ranks.size()));
        var merges = new ArrayList<byte[]>();
        for (byte[] token : tokens) {
            String key = key(token);
            for (int cut = 1; cut < token.length; cut++) {
                if (ranks.containsKey(key.substring(0, cut)) && ranks.containsKey(key.substring(cut))) {
                    var merge = new ByteArrayOutputStream();
                    merge.writeBytes(letters(token, 0, cut));
                    merge.write(' ');
                    merge.writeBytes(letters(token, cut, token.length));
                    merges.add(merge.toByteArray());
                }
            }
        }
        return merges;
    }

    private static byte[] letters(byte[] token, int from, int to) {
        return ByteLetters.write(token, from, to).getBytes(StandardCharsets.UTF_8);
    }
}
