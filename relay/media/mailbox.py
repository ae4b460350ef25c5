"""A box that holds the newest thing, or the newest few. Knows nothing of what is in it.

No queue stands in a frame's way: what has not been taken when there is no more room is dropped and counted.
"""

import asyncio
from collections import deque
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class ClosedError(Exception):
    """The box is closed: nothing will ever be in it again."""


class Mailbox(Generic[T]):
    """Newest wins. For one event loop; one taker at a time.

    room: how many things it holds. dropped: how many were pushed out by newer ones before they were taken.
    """

    def __init__(self, room: int = 1) -> None:
        self.dropped = 0
        self._held: deque[T] = deque(maxlen=room)
        self._closed = False
        self._changed = asyncio.Event()

    @property
    def empty(self) -> bool:
        """Whether a taker has to wait."""
        return not self._held

    def put(self, thing: T) -> None:
        """Put it in, in place of the oldest where there is no room. Without effect on a closed box."""
        if self._closed:
            return
        self.dropped += len(self._held) == self._held.maxlen
        self._held.append(thing)
        self._changed.set()

    async def take(self) -> T:
        """Wait for something and take the oldest out. Raises ClosedError once the box is closed."""
        while not self._held:
            if self._closed:
                raise ClosedError
            self._changed.clear()
            await self._changed.wait()
        return self._held.popleft()

    def close(self) -> None:
        """Throw away what is held and wake up whoever waits. May be called again."""
        self._closed = True
        self._held.clear()
        self._changed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        try:
            return await self.take()
        except ClosedError:
            raise StopAsyncIteration from None
