"""Publishes a corrected track to a meeting. Knows nothing of gaze."""
