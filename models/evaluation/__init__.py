"""Measures what a field does to eyes: rendered ones, with ground truth, and real ones."""
