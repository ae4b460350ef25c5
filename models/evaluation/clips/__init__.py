"""Metrics on real videos, without ground truth."""
