/// Work on another thread.
package dev.excitor.model.concurrent;
