/// How well a model predicts a text, and how far it is from another: perplexity and KL divergence.
package dev.excitor.model.evaluation;
