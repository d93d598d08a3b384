/// Learning a vocabulary from text.
package dev.excitor.train.vocabulary;
