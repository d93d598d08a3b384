/// A decoder as training runs it: whole sequences forward, and the way back to an adapter's parameters.
package dev.excitor.train.decoder;
