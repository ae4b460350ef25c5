"""Measures of what old landmarks and fields cost."""
