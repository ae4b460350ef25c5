"""Graceful shutdown: after SIGTERM new sessions are refused; running ones are notified and have a while to move.

A second signal, or SIGINT (Ctrl+C), ends the relay at once. Knows nothing of what a session is.
"""

import asyncio
import logging
import math
import signal
from collections.abc import Callable
from typing import Final, Protocol

from relay.errors import DrainingError

NOTIFY_INTERVAL: Final = 1.0  # seconds; notified repeatedly, as a channel may open late or be full
POLL_INTERVAL: Final = 0.05  # seconds between two checks whether sessions are left

log = logging.getLogger(__name__)


class Announcer(Protocol):
    """The sessions it waits for."""

    def __len__(self) -> int: ...

    def notify(self, kind: str, **content: object) -> None:
        """Send every client a message of this type."""


class Drain:
    """timeout: how long sessions may continue once it has begun. clock: monotonic. In seconds."""

    def __init__(self, timeout: float, clock: Callable[[], float]) -> None:
        self._timeout, self._clock = timeout, clock
        self._until: float | None = None

    @property
    def begun(self) -> bool:
        """Whether the relay is draining."""
        return self._until is not None

    def check(self) -> None:
        """Raises DrainingError once new sessions are refused."""
        if self.begun:
            raise DrainingError("the relay is about to stop and takes no new sessions; ask another one", "draining")

    async def run(self, sessions: Announcer) -> None:
        """Begin draining; return when no session is left or the time is up."""
        self._until = self._clock() + self._timeout
        log.info("draining: %d sessions have %g seconds to move to another relay", len(sessions), self._timeout)
        notified = -math.inf
        while sessions and (left := self._until - self._clock()) > 0:
            if self._clock() - notified >= NOTIFY_INTERVAL:
                notified = self._clock()
                sessions.notify("draining", seconds=round(left, 1))
            await asyncio.sleep(min(left, POLL_INTERVAL))

    async def wait(self, signals: asyncio.Queue[signal.Signals], sessions: Announcer) -> None:
        """Return when the relay is to stop. signals: received ones, as catch_signals() returns them."""
        if await signals.get() is not signal.SIGTERM:
            return
        tasks = [asyncio.create_task(self.run(sessions)), asyncio.create_task(_discard(signals))]
        _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.wait(tasks)


async def _discard(signals: asyncio.Queue[signal.Signals]) -> None:
    await signals.get()


def catch_signals() -> asyncio.Queue[signal.Signals]:
    """A queue of the SIGINT and SIGTERM received from now on, in place of their default action."""
    signals: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, signals.put_nowait, number)
    return signals
