"""Video files, read and written. Knows nothing of faces."""
