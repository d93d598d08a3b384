package dev.excitor.runtime.asm;

/// What the last source of a vector instruction may be: a register or memory.
public sealed interface Operand permits Vec, Mem {}
