"""Published benchmarks and comparisons with other software."""
