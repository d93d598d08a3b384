package dev.excitor.loaders.huggingface;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.excitor.loaders.gguf.GgufMetadataBuilder;
import dev.excitor.loaders.json.JsonFile;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Metadata;
import java.nio.file.Path;

/// Any bytes at all as a tokenizer.json: a vocabulary that says the same of every token, or a typed error. How to
/// search for more is told in [dev.excitor.loaders.gguf.GgufReaderFuzzTest].
class TokenizerJsonFuzzTest {

    private static final Path NAME = Path.of("tokenizer.json");
    private static final int TOKENS = 300;

    @FuzzTest(maxDuration = "10m")
    void anyBytes(byte[] bytes) {
        Metadata metadata;
        TokenizerJson tokenizer;
        try (JsonFile json = JsonFile.of(NAME, 0, bytes)) {
            tokenizer = TokenizerJson.read(json, TOKENS);
            var builder = new GgufMetadataBuilder();
            VocabularyKeys.add(tokenizer, builder);
            Surroundings.of(tokenizer);
            metadata = builder.build(NAME);
        } catch (ExcitorException e) {
            if (!e.getMessage().contains(NAME.toString())) {
                throw new AssertionError("the error names no file", e);
            }
            return;
        }
        int tokens = metadata.findBytes("tokenizer.ggml.tokens").orElseThrow().size();
        int types = metadata.findLongs("tokenizer.ggml.token_type").orElseThrow().length;
        if (tokens != TOKENS || types != TOKENS) {
            throw new AssertionError("%d tokens, %d types".formatted(tokens, types));
        }
        boolean characters = metadata.string("tokenizer.ggml.model").equals("llama");
        if (characters && metadata.findFloats("tokenizer.ggml.scores").orElseThrow().length != TOKENS) {
            throw new AssertionError("not as many scores as tokens");
        }
    }
}
