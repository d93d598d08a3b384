/// How `excitor bench` measures: a [Plan] of what to measure in which order, a [Bench] that does it, and [Row]s of
/// results in the formats of a [RowWriter].
@NullMarked
package dev.excitor.cli.bench;

import org.jspecify.annotations.NullMarked;
