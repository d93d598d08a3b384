/// Conversations as models were trained to read them: messages, and the templates that turn them into text.
///
/// Start at [ChatTemplates]. A template is a file here and a line in its list.
package dev.excitor.model.chat;
