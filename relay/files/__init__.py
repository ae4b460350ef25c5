"""Video files, read and written picture by picture. Knows nothing of gaze."""
