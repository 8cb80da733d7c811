"""Benchmarks: run by hand, each prints a plain table; see README.md."""
