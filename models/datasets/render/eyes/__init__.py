"""Eyeballs and lids, with their textures and shadows."""
