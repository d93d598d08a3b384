/// Text to token ids and back, exactly as the model was trained: SentencePiece ([SentencePiece]) and byte-level BPE
/// ([Bpe]) from a checkpoint's `tokenizer.ggml.*` metadata.
///
/// Start at [Tokenizer#of]. How text is cut before BPE merges is in the folder `pretokenizer`; adding one is an entry
/// and a line in its list.
package dev.excitor.model.tokenizer;
