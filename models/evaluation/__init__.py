"""Measures what a field does to eyes: rendered ones, of which the truth is known, and real ones."""
