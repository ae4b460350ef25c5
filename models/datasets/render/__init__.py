"""Renders synthetic pairs with Blender and labels them."""
