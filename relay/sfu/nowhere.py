"""The smallest adapter: an egress that meets nobody. It takes what it is given and counts it.

For tests, for measuring without a meeting, and as the example of docs/integrate.md.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from relay.sfu.egress import MeetingEvent, Tracks


class NullEgress:
    """taken: frames so far, by kind of track. display: by which name nobody sees it."""

    def __init__(self, display: str = "") -> None:
        self.display = display
        self.taken: Counter[str] = Counter()
        self._tracks: list[MediaStreamTrack] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def publish(self, subscribe: Callable[[], Tracks], tell: Callable[[MeetingEvent], None]) -> None:
        """As Egress.publish(). There is nothing to be told: nowhere never goes away."""
        tracks = subscribe()
        self._tracks = [track for track in (tracks.video, tracks.audio) if track]
        self._tasks = [asyncio.create_task(self._take(track)) for track in self._tracks]

    async def close(self) -> None:
        """As Egress.close()."""
        for track in self._tracks:
            track.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                await track.recv()
                self.taken[track.kind] += 1
