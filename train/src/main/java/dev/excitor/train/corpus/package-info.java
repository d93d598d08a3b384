/// Text of a seeded grammar: stories, questions and answers, for a model that can be made where nothing can be
/// downloaded.
package dev.excitor.train.corpus;
