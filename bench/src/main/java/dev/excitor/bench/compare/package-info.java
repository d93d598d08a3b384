/// Excitor and other programs on the same model, in turn, so that whatever slows the machine for a while slows all.
@NullMarked
package dev.excitor.bench.compare;

import org.jspecify.annotations.NullMarked;
