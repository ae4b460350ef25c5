"""Real eyes: pairs and unlabelled crops from videos, folders and photographs."""
