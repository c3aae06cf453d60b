"""Benchmarks: one folder per capability, run with ``make bench B=name``."""
