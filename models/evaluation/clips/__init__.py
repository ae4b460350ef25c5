"""Measures on real videos, of which no truth is known."""
