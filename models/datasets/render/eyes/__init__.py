"""Eyeballs, lids and what lies on them."""
