/// A conversation with a model: what both sides have said, what the model has read, where messages come from.
package dev.excitor.cli.chat;
