"""The way out: after SIGTERM nobody new comes in, who is here is told and has a while to go elsewhere.

A second signal, or SIGINT (Ctrl+C), ends the relay at once. Knows nothing of what a session is.
"""

import asyncio
import logging
import math
import signal
from collections.abc import Callable
from typing import Final, Protocol

from relay.errors import DrainingError

EVERY: Final = 1.0  # seconds between two times of telling: a channel may open, or be full, just then
GLANCE: Final = 0.05  # seconds between two looks whether all have gone

log = logging.getLogger(__name__)


class Announcer(Protocol):
    """Whom it waits for."""

    def __len__(self) -> int: ...

    def tell(self, kind: str, **content: object) -> None:
        """Say this to everybody who listens."""


class Drain:
    """timeout: how long sessions may go on once it has begun. clock: monotonic. Seconds."""

    def __init__(self, timeout: float, clock: Callable[[], float]) -> None:
        self._timeout, self._clock = timeout, clock
        self._until: float | None = None

    @property
    def begun(self) -> bool:
        """Whether the relay is on its way out."""
        return self._until is not None

    def check(self) -> None:
        """Raises DrainingError where nobody is let in any more."""
        if self.begun:
            raise DrainingError("the relay is about to stop and takes no new sessions; ask another one", "draining")

    async def run(self, crowd: Announcer) -> None:
        """Begin, and return when everybody has gone or the time is up."""
        self._until = self._clock() + self._timeout
        log.info("draining: %d sessions have %g seconds to go elsewhere", len(crowd), self._timeout)
        told = -math.inf
        while crowd and (left := self._until - self._clock()) > 0:
            if self._clock() - told >= EVERY:
                told = self._clock()
                crowd.tell("draining", seconds=round(left, 1))
            await asyncio.sleep(min(left, GLANCE))

    async def wait(self, signals: asyncio.Queue[signal.Signals], crowd: Announcer) -> None:
        """Return when the relay is to stop. signals: as they come in."""
        if await signals.get() is not signal.SIGTERM:
            return
        tasks = [asyncio.create_task(self.run(crowd)), asyncio.create_task(_drop(signals))]
        _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.wait(tasks)


async def _drop(signals: asyncio.Queue[signal.Signals]) -> None:
    await signals.get()


def hear() -> asyncio.Queue[signal.Signals]:
    """SIGINT and SIGTERM from now on, instead of what they would do otherwise."""
    signals: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, signals.put_nowait, number)
    return signals
