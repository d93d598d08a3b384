/// Files that hold nothing but named tensors, whatever their spelling: [TensorFile].
package dev.excitor.loaders.tensors;
