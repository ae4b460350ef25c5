"""`relay correct`: corrects the eyes in a video file. Knows nothing of connections."""
