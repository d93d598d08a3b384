/// File formats: GGUF.
package dev.excitor.loaders;
