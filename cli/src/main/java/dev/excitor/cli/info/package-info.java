/// What `excitor info` says of a file, section by section.
@NullMarked
package dev.excitor.cli.info;

import org.jspecify.annotations.NullMarked;
