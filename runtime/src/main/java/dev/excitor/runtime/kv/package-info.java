/// The cache of keys and values: native pages of positions, shared between forks.
package dev.excitor.runtime.kv;
