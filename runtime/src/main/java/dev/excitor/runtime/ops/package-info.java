/// The operations of a transformer that are not matrix products, each as a plain definition and as a vector template.
package dev.excitor.runtime.ops;
