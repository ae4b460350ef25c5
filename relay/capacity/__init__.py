"""Measures and guards the relay's capacity: processor load, event loop lag, admission, draining. Knows no HTTP."""
