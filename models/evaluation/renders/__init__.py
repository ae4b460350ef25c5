"""Measures on rendered scenes, whose truth is known."""
