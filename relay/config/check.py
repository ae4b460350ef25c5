"""Settings of `relay check`."""

from relay.config.engine import Engine
from relay.config.reading import Command


class Check(Command, Engine):
    """Check that this machine has what the relay needs, and report what is missing."""
