"""Is a map any good? Metrics and protocols."""
