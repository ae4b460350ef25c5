"""The smallest adapter: an egress without a meeting. It receives the tracks and counts their frames.

For tests, for measurements without a meeting, and as the example of docs/integrate.md.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from relay.sfu.egress import MeetingEvent, Tracks


class NullEgress:
    """taken: frames received so far, by kind of track. display: display name, not shown anywhere."""

    def __init__(self, display: str = "") -> None:
        self.display = display
        self.taken: Counter[str] = Counter()
        self._tracks: list[MediaStreamTrack] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def publish(self, subscribe: Callable[[], Tracks], notify: Callable[[MeetingEvent], None]) -> None:
        """As Egress.publish(). notify is never called: there is no connection to lose."""
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
