"""Heads: shapes, identities, poses. Millimetres; knows nothing of colours."""
