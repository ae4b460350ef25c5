"""The three kinds of training data."""
