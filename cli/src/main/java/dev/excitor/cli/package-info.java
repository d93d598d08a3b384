/// The command line.
package dev.excitor.cli;
