"""Measurements of whole calls: callers, freezes, latency, load."""
