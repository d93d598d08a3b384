/// Writing checkpoints: [Conversion] makes one GGUF file of any checkpoint, [FileType] says which format each of its
/// matrices gets.
@NullMarked
package dev.excitor.loaders.conversion;

import org.jspecify.annotations.NullMarked;
