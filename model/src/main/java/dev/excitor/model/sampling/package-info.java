/// From a row of logits to a token: a chain of steps that narrow and reweigh the candidates, and a pick at its end; and
/// the matcher that ends a text at a stop string. Order and meaning of every option are llama.cpp's.
package dev.excitor.model.sampling;
