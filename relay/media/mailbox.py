"""A bounded queue that keeps the newest item, or the newest few. Knows nothing of its items.

It never blocks the producer: when it is full, the oldest item is dropped and counted.
"""

import asyncio
from collections import deque
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class ClosedError(Exception):
    """The mailbox is closed: it will never hold an item again."""


class Mailbox(Generic[T]):
    """The newest items win. For one event loop; one consumer at a time.

    capacity: how many items it holds. dropped: items replaced by newer ones before they were taken.
    """

    def __init__(self, capacity: int = 1) -> None:
        self.dropped = 0
        self._held: deque[T] = deque(maxlen=capacity)
        self._closed = False
        self._changed = asyncio.Event()

    @property
    def empty(self) -> bool:
        """Whether take() has to wait."""
        return not self._held

    def put(self, item: T) -> None:
        """Add an item; a full mailbox drops its oldest. Without effect on a closed mailbox."""
        if self._closed:
            return
        self.dropped += len(self._held) == self._held.maxlen
        self._held.append(item)
        self._changed.set()

    async def take(self) -> T:
        """Wait for an item and remove the oldest. Raises ClosedError once the mailbox is closed."""
        while not self._held:
            if self._closed:
                raise ClosedError
            self._changed.clear()
            await self._changed.wait()
        return self._held.popleft()

    def close(self) -> None:
        """Discard all items and wake up a waiting consumer. May be called again."""
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
