/// The command line: one class a command, its options in mixins that commands share.
package dev.excitor.cli;
