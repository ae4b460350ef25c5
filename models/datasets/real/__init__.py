"""Real eyes: pairs and unlabelled crops out of videos, folders and photographs."""
