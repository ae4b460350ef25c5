"""The appearance of a scene: skin, hair, clothes, light, exposure. Plain data, drawn at random."""
