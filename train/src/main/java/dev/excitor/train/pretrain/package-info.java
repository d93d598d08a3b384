/// Training every weight of a small LLaMA from nothing, on the CPU in f32.
package dev.excitor.train.pretrain;
