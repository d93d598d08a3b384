/// The task of the shipped adapter, answering questions about a story, and measuring how well a model does it.
package dev.excitor.train.task;
