/// Makes GGUF files of random weights in the shape of real models: for benchmarks and tests where nothing can be
/// downloaded.
@NullMarked
package dev.excitor.cli.synth;

import org.jspecify.annotations.NullMarked;
