"""Measurements of speed and scale; `python -m benchmarks.core` and its like."""
