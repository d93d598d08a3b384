/// The directory in which Meta publishes a LLaMA: [MetaReader].
///
/// ```text
///  params.json             extents and constants
///  consolidated.00.pth …   the weights, one file for each GPU that the model was cut for
///  tokenizer.model         SentencePiece's file, or since Llama 3 ranks of byte sequences as text
/// ```
package dev.excitor.loaders.meta;
