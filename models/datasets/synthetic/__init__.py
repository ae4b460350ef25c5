"""Rendered scenes: creation, storage, labels and contact sheets."""
