"""A seeded world of films and viewers, for the demo, tests and benchmarks."""
