/// Model directories of Hugging Face: [HuggingFaceReader] opens one as a GGUF file of the same model would open.
///
/// | file | read by |
/// | --- | --- |
/// | `config.json`, `generation_config.json` | [LlamaSettings] |
/// | `model.safetensors`, else `pytorch_model.bin`, or several of either with `….index.json` | [WeightFiles], names
/// by [TensorNames] |
/// | `tokenizer.json` | [TokenizerJson], as GGUF's keys by [VocabularyKeys] |
/// | `tokenizer.model`, where there is no `tokenizer.json` | [dev.excitor.loaders.sentencepiece.SentencePieceModel] |
/// | `tokenizer_config.json`, `chat_template.jinja` | [TokenizerSettings] |
///
/// **To add a family of models**: its settings beside [LlamaSettings], its names in [TensorNames].
package dev.excitor.loaders.huggingface;
