/// An Excitor in training: its parameters, its block forward and back, and its file.
package dev.excitor.train.adapter;
