/// Training data: files of instructions and conversations, and the examples they become.
package dev.excitor.train.data;
