/// Native memory and code through the Foreign Function & Memory API: no library of ours, no JNI.
package dev.excitor.runtime.foreign;
