/// What `excitor train` keeps and shows: files beside the adapter, progress, the report and its charts.
@NullMarked
package dev.excitor.cli.train;

import org.jspecify.annotations.NullMarked;
