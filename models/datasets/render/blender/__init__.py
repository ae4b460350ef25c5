"""The interface to Blender, and the camera."""
