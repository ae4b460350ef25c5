"""Fan-out of one track to several consumers: a frame is corrected once for all. Knows nothing of the consumers.

aiortc's own MediaRelay does the same, but queues without bound or drops without counting.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from relay.media.mailbox import ClosedError, Mailbox
from relay.media.track import MAX_AUDIO_FRAMES


class Fan:
    """Passes the frames of one track to each of its branches.

    source: video, of which a branch gets the newest frame; or audio, of which it gets all, up to MAX_AUDIO_FRAMES
    unread ones. A frame is fetched when any branch waits for one; while none does, the source drops and counts frames
    as without a fan. Run run() as a task; it ends with the source, and so do the branches.
    """

    def __init__(self, source: MediaStreamTrack) -> None:
        self._source = source
        self._branches: set[Branch] = set()
        self._requested = asyncio.Event()
        self._ended = False

    def branch(self) -> "Branch":
        """A track with the source's frames from now on. stop() detaches it."""
        capacity = 1 if self._source.kind == "video" else MAX_AUDIO_FRAMES
        branch = Branch(self._source.kind, Mailbox(capacity), self._requested.set, self._branches.discard)
        if self._ended:
            branch.stop()
        else:
            self._branches.add(branch)
        return branch

    async def run(self) -> None:
        """Pass frames on until the source ends or this is cancelled."""
        try:
            with suppress(MediaStreamError):
                while True:
                    await self._requested.wait()
                    self._requested.clear()
                    frame = await self._source.recv()
                    for branch in self._branches:
                        branch.put(frame)
        finally:
            self.close()

    def close(self) -> None:
        """End every branch."""
        self._ended = True
        for branch in tuple(self._branches):
            branch.stop()


class Branch(MediaStreamTrack):
    """The track of one consumer."""

    def __init__(
        self, kind: str, box: Mailbox[Any], request: Callable[[], None], detach: Callable[["Branch"], None]
    ) -> None:
        super().__init__()
        self.kind = kind
        self._box, self._request, self._detach = box, request, detach

    @property
    def dropped(self) -> int:
        """Frames replaced by newer ones before they were taken."""
        return self._box.dropped

    def put(self, frame: Any) -> None:
        """Add the next frame."""
        self._box.put(frame)

    async def recv(self) -> Any:
        """The next frame. Raises MediaStreamError after the last one."""
        if self._box.empty:
            self._request()
        try:
            return await self._box.take()
        except ClosedError:
            self.stop()
            raise MediaStreamError from None

    def stop(self) -> None:
        """Receive no more frames."""
        super().stop()
        self._box.close()
        self._detach(self)
