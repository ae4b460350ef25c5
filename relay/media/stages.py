"""What a pipeline runs, and the threads it runs it in. Knows nothing of what the stages do to a frame."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol, Self, TypeVar

from relay.frame import EncodedFaces, Frame, Shown

S = TypeVar("S")  # what the landmark line returns
F = TypeVar("F")  # what the field line returns

NICENESS: Final = 10


class Stages(Protocol[S, F]):
    """What is done to one person's frames. Each method runs in one thread at a time; those of different lines may
    overlap. The lines: find_faces and tell_faces; make_fields and tell_fields; show.
    """

    def find_faces(self, frame: Frame, /) -> S:
        """Landmark line."""

    def make_fields(self, frame: Frame, faces: S, /) -> F:
        """Field line; faces may be of an earlier frame (claim 20)."""

    def show(self, frame: Frame, faces: S, fields: F, share: float, /) -> Shown:
        """Display; faces and fields may be of earlier frames. share: of the correction. Never writes into frame."""

    def encode_faces(self, frame: Frame, faces: S | None, ready: bool, /) -> EncodedFaces:
        """Landmark line, where the receiver warps (claim 23): what it must know of the faces found in this frame.

        None: nothing is known, and nothing is to be corrected. ready: there are fields for them.
        """

    def encode_fields(self, frame: Frame, seen: Frame, fields: F, /) -> bytes:
        """Field line, where the receiver warps (claim 21): the fields made for frame with the faces of seen."""

    def close(self) -> None:
        """Release everything; no other call is running then, and none follows."""


@dataclass(frozen=True)
class Executors:
    """The executors that all sessions' stages run in: one for each line, so that none waits for another's."""

    landmarks: ThreadPoolExecutor
    field: ThreadPoolExecutor
    display: ThreadPoolExecutor

    @classmethod
    def start(cls) -> Self:
        """As many threads a line as this process has processors, started when first needed."""
        count = processors()
        return cls(
            landmarks=ThreadPoolExecutor(count, "landmarks", _give_way),
            field=ThreadPoolExecutor(count, "field", _give_way),
            display=ThreadPoolExecutor(count, "display"),
        )

    def shutdown(self) -> None:
        """Wait for what is running and end the threads."""
        for executor in (self.landmarks, self.field, self.display):
            executor.shutdown(wait=True, cancel_futures=True)


def _give_way() -> None:
    """Let the display go first: what it shows is needed now, landmarks and fields only for frames to come.

    On Linux the calling thread alone becomes nicer, and the threads that a library starts from it are so too.
    Elsewhere niceness belongs to the whole process and is left alone.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def processors() -> int:
    """Processors this process may use; os.cpu_count() would also count those it was not given."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
