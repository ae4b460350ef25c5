"""Rendered scenes: made, stored, labelled and looked at."""
