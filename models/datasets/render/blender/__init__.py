"""What talks to Blender, and what a camera sees."""
