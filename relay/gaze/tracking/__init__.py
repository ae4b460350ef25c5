"""Faces in frames: landmarks, head pose, each person's identity, smoothing. Knows nothing of fields."""
