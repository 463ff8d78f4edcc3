"""Measurements, each beside its rival. Run one with `python -m benchmarks.<name>`."""
