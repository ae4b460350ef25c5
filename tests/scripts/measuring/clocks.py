"""A fake clock that advances only in sleep, so that tests of timing take no time and cannot be late."""

import asyncio

import pytest

from tests.fakes import Clock


def sleeping_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that asyncio.sleep() advances, in place of waiting, until the test ends."""
    clock = Clock()

    async def sleep(seconds: float) -> None:
        clock.now += seconds

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return clock
