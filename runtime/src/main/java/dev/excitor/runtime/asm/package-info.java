/// An assembler for the kernels that Java writes at run time. Knows x86-64 and nothing of this project.
package dev.excitor.runtime.asm;
