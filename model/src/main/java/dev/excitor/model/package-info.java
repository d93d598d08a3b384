/// The decoder, Excitor adapters, sessions, sampling and tokenizers.
package dev.excitor.model;
