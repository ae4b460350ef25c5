"""Frames, clocks and tracks. Knows nothing of gaze."""
