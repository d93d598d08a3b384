package dev.excitor.loaders.sentencepiece;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.excitor.loaders.gguf.GgufMetadataBuilder;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Metadata;
import java.nio.file.Path;

/// Any bytes at all as a `tokenizer.model`: a vocabulary whose lists have one length, or a typed error.
///
/// In a test run it goes through the committed corpus (the resources beside it). To search for more:
/// ```sh
/// JAZZER_FUZZ=1 mvn -pl loaders -am test -Dtest=SentencePieceReaderFuzzTest \
/// -Dsurefire.failIfNoSpecifiedTests=false -Djazzer.hooks=true
/// ```
class SentencePieceReaderFuzzTest {

    private static final Path NAME = Path.of("tokenizer.model");

    @FuzzTest(maxDuration = "10m")
    void anyBytes(byte[] bytes) {
        SentencePieceModel model;
        try {
            model = SentencePieceReader.parse(NAME, bytes);
        } catch (ExcitorException refused) {
            if (!refused.getMessage().contains(NAME.toString())) {
                throw new AssertionError("an error that does not name the file", refused);
            }
            return;
        }
        var builder = new GgufMetadataBuilder();
        model.addTo(builder);
        Metadata metadata = builder.build(NAME);
        int size = metadata.findBytes("tokenizer.ggml.tokens").orElseThrow().size();
        boolean isWhole = size == model.pieces().size()
                && metadata.findFloats("tokenizer.ggml.scores").orElseThrow().length == size
                && metadata.findLongs("tokenizer.ggml.token_type").orElseThrow().length == size
                && model.roles().unknown() < size;
        if (!isWhole) {
            throw new AssertionError("lists of different lengths");
        }
    }
}
