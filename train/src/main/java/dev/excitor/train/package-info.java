/// Training of LLaMA-Excitor adapters on frozen weights.
package dev.excitor.train;
