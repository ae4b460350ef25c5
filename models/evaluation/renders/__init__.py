"""Metrics on rendered scenes, with ground truth."""
