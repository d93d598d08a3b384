package dev.excitor.cli.bench;

/// One row of the results: some work, and what does it.
public record Configuration(Setup setup, Workload workload) {}
