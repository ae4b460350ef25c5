"""`relay correct`: a video file in, the same film out with the eyes turned. Knows nothing of connections."""
