"""Measures the cost of stale landmarks and fields."""
