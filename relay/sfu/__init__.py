"""Carries a corrected track into a meeting. Knows nothing of gaze."""
