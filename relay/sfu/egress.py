"""The interface of every meeting adapter: two methods. Knows no meeting, nothing of gaze, HTTP or sessions.

An adapter is one file beside this one; docs/integrate.md says how to add one, nowhere.py is the smallest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from aiortc import MediaStreamTrack


@dataclass(frozen=True)
class Tracks:
    """The tracks to publish: corrected video and, if there is audio, audio synchronised with it.

    A sender that ends stops its tracks, so each connection needs its own tracks.
    """

    video: MediaStreamTrack
    audio: MediaStreamTrack | None = None


class MeetingState(StrEnum):
    """State of the corrected track in the meeting."""

    JOINED = "joined"  # published, for the first time or again
    LOST = "lost"  # the connection was lost; the adapter is trying to rejoin
    ENDED = "ended"  # kicked, or refused when rejoining; no further event follows


@dataclass(frozen=True)
class MeetingEvent:
    """A change of state; detail: a sentence for the person being published, or empty."""

    state: MeetingState
    detail: str = ""


class Egress(Protocol):
    """Publishes one person's tracks to one meeting."""

    async def publish(self, subscribe: Callable[[], Tracks], notify: Callable[[MeetingEvent], None]) -> None:
        """Join the meeting and return once joined. Stay until close(), rejoining when the connection is lost.

        subscribe: returns tracks for one more connection; called again for every rejoin. notify: called with every
        change after the first join. Raises EgressError (relay/errors.py) if the meeting cannot be joined; close() must
        then still be called.
        """

    async def close(self) -> None:
        """Leave the meeting and release everything. May be called at any time and more than once."""
