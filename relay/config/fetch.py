"""Settings of `relay fetch`."""

from relay.config.engine import DEFAULT_MODEL, ModelFile
from relay.config.reading import Command


class Fetch(Command):
    """Download the landmark model, which the other commands otherwise do at their first start."""

    model: ModelFile = DEFAULT_MODEL
