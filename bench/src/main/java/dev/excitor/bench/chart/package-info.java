/// Results of `excitor bench` as charts.
@NullMarked
package dev.excitor.bench.chart;

import org.jspecify.annotations.NullMarked;
