"""What a scene looks like: skin, hair, clothes, light, exposure. Plain data, drawn by lot."""
