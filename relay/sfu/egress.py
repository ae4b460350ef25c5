"""The shape of every way into a meeting: two methods. Knows no meeting, nothing of gaze, HTTP or sessions.

An adapter is one file beside this one; docs/integrate.md says how to add one, tests/fakes.py has one that meets nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from aiortc import MediaStreamTrack


@dataclass(frozen=True)
class Tracks:
    """What a meeting is given: corrected video and, where there is sound, sound in step with it.

    A sender that ends stops its tracks, so each connection needs tracks of its own.
    """

    video: MediaStreamTrack
    audio: MediaStreamTrack | None = None


class MeetingState(StrEnum):
    """Whether the corrected track is in the meeting."""

    JOINED = "joined"  # it is, for the first time or again
    LOST = "lost"  # the meeting went away without a word; the adapter is trying to get back in
    ENDED = "ended"  # the meeting put it out, or will not have it again; nothing more comes


@dataclass(frozen=True)
class MeetingEvent:
    """A change of presence; detail: a sentence for the person who is being published, empty if there is none to say."""

    state: MeetingState
    detail: str = ""


class Egress(Protocol):
    """One person's way into one meeting."""

    async def publish(self, subscribe: Callable[[], Tracks], tell: Callable[[MeetingEvent], None]) -> None:
        """Be in the meeting when this returns, and stay there until close(): rejoin by itself what went away.

        subscribe: gives tracks for one more connection; called again for every rejoin. tell: hears every change after
        the first joining. Raises EgressError (relay/errors.py) where the meeting cannot be joined; close() is then
        still due.
        """

    async def close(self) -> None:
        """Leave the meeting and hold nothing any more. May be called at any time, and again."""
