"""Heads: shapes, identities, poses. Millimetres; knows no colours."""
