package dev.excitor.loaders.meta;

import dev.excitor.loaders.file.FileBytes;
import dev.excitor.loaders.gguf.GgufMetadataBuilder;
import dev.excitor.loaders.sentencepiece.SentencePieceModel;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import java.nio.file.Files;
import java.nio.file.Path;

/// `tokenizer.model`, which is one of two kinds of file under one name.
public interface MetaVocabulary {

    int size();

    /// Says all of it under GGUF's keys.
    void addTo(GgufMetadataBuilder metadata);

    /// @param isLlama31 whether the control tokens are those of Llama 3.1 and later, which no file says
    /// @throws MalformedFile when it is missing or not as it must be
    static MetaVocabulary read(Path folder, boolean isLlama31) {
        Path path = folder.resolve("tokenizer.model");
        if (!Files.exists(path)) {
            throw new MalformedFile(
                    folder,
                    -1,
                    "expected tokenizer.model in it, found none: copy the one that was published with the model");
        }
        byte[] bytes = FileBytes.read(path, RankedVocabulary.MAX_BYTES);
        if (!SentencePieceModel.recognises(bytes)) {
            return RankedVocabulary.parse(path, bytes, isLlama31);
        }
        SentencePieceModel model = SentencePieceModel.parse(path, bytes);
        return new MetaVocabulary() {
            @Override
            public int size() {
                return model.pieces().size();
            }

            @Override
            public void addTo(GgufMetadataBuilder metadata) {
                model.addTo(metadata);
            }
        };
    }
}
