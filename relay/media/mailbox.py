"""A box that holds one thing: the newest. Knows nothing of what is in it.

No queue stands in a frame's way: what has not been taken when the next one arrives is dropped and counted.
"""

import asyncio
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class ClosedError(Exception):
    """The box is closed: nothing will ever be in it again."""


class Mailbox(Generic[T]):
    """Newest wins. For one event loop; one taker at a time.

    dropped: how many things were replaced before they were taken.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._held: tuple[T] | None = None
        self._closed = False
        self._changed = asyncio.Event()

    def put(self, thing: T) -> None:
        """Put it in, in place of what is there. Without effect on a closed box."""
        if self._closed:
            return
        self.dropped += self._held is not None
        self._held = (thing,)
        self._changed.set()

    async def take(self) -> T:
        """Wait for something and take it out. Raises ClosedError once the box is closed."""
        while self._held is None:
            if self._closed:
                raise ClosedError
            self._changed.clear()
            await self._changed.wait()
        (thing,), self._held = self._held, None
        return thing

    def close(self) -> None:
        """Throw away what is held and wake up whoever waits. May be called again."""
        self._closed = True
        self._held = None
        self._changed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        try:
            return await self.take()
        except ClosedError:
            raise StopAsyncIteration from None
