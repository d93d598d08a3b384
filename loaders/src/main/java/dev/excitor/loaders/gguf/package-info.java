/// GGUF, the file format of GGML and llama.cpp: [GgufReader] and [GgufWriter].
///
/// ```text
///  "GGUF" | version u32 | tensors u64 | keys u64        little-endian, version 2 or 3
///  per key:     name string | type u32 | value          string = length u64, bytes
///  per tensor:  name string | dimensions u32 | extent u64 each, innermost first | type u32 | offset u64
///  padding to general.alignment (32)
///  data, each tensor at its offset from here
/// ```
package dev.excitor.loaders.gguf;
