"""A Janus for all tests of a module."""

from collections.abc import Iterator

import pytest

from tests.servers.janus import Room, RunningJanus

ROOMS: dict[int | str, Room] = {1234: {}, 1: {"publishers": 1}, 5: {"pin": "secret"}}


@pytest.fixture(scope="module")
def janus() -> Iterator[RunningJanus]:
    """With three rooms: 1234 is open, 1 takes one publisher, 5 requires the pin `secret`."""
    with RunningJanus(ROOMS) as janus:
        yield janus
