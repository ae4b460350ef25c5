"""Eyeline's server: live video in, the same video out with the eyes turned towards the lens."""
