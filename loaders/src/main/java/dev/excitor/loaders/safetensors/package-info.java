/// safetensors, the tensor files of Hugging Face: [SafetensorsFile] and [SafetensorsWriter].
///
/// ```text
///  length u64, little-endian
///  JSON of so many bytes, padded with spaces:
///    {"NAME": {"dtype": "F16", "shape": [rows, columns], "data_offsets": [from, to]}, …, "__metadata__": {"KEY":
/// "text"}}
///  data: the tensors without gaps, row-major, little-endian, each at its offsets from here
/// ```
package dev.excitor.loaders.safetensors;
