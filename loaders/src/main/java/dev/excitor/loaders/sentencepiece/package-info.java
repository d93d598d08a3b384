/// `tokenizer.model`, the protobuf file in which SentencePiece keeps a vocabulary: [SentencePieceModel].
///
/// ```text
///  ModelProto      1 pieces (repeated) | 2 trainer_spec | 3 normalizer_spec
///  SentencePiece   1 piece string | 2 score float | 3 type enum
///  TrainerSpec     3 model_type | 24 treat_whitespace_as_suffix | 35 byte_fallback
///                  40 to 43 ids and 45 to 48 pieces of unk, bos, eos, pad
///  NormalizerSpec  1 name | 2 precompiled_charsmap | 3 add_dummy_prefix
///                  4 remove_extra_whitespaces | 5 escape_whitespaces
/// ```
///
/// Every other field is skipped. After `sentencepiece_model.proto` of google/sentencepiece.
package dev.excitor.loaders.sentencepiece;
