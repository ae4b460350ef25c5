"""One track for several takers: the picture is corrected once, whoever watches. Knows nothing of who they are.

aiortc's own MediaRelay does the same, but queues without bound or drops without counting.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from relay.media.mailbox import ClosedError, Mailbox
from relay.media.track import LONGEST_AUDIO


class Fan:
    """Gives each of its branches the frames of one track.

    source: video, of which a branch gets the newest frame; or audio, of which it gets all, unless it is too slow by
    far. A frame is fetched when any branch waits for one: while none does, the source drops and counts as it would
    without a fan. run() is to be run as a task; it ends with the source, and so do the branches.
    """

    def __init__(self, source: MediaStreamTrack) -> None:
        self._source = source
        self._branches: set[Branch] = set()
        self._wanted = asyncio.Event()
        self._ended = False

    def branch(self) -> "Branch":
        """A track with the source's frames from now on. stop() cuts it off."""
        room = 1 if self._source.kind == "video" else LONGEST_AUDIO
        branch = Branch(self._source.kind, Mailbox(room), self._wanted.set, self._branches.discard)
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
                    await self._wanted.wait()
                    self._wanted.clear()
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
    """What one taker gets."""

    def __init__(
        self, kind: str, box: Mailbox[Any], want: Callable[[], None], leave: Callable[["Branch"], None]
    ) -> None:
        super().__init__()
        self.kind = kind
        self._box, self._want, self._leave = box, want, leave

    @property
    def dropped(self) -> int:
        """Frames that newer ones pushed out before they were taken."""
        return self._box.dropped

    def put(self, frame: Any) -> None:
        """Here is the next one."""
        self._box.put(frame)

    async def recv(self) -> Any:
        """The next frame. Raises MediaStreamError once there will be none."""
        if self._box.empty:
            self._want()
        try:
            return await self._box.take()
        except ClosedError:
            self.stop()
            raise MediaStreamError from None

    def stop(self) -> None:
        """Take no more."""
        super().stop()
        self._box.close()
        self._leave(self)
