"""The stages that a pipeline runs, and their executors. Knows nothing of what the stages do to a frame."""

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
    """The processing of one person's frames. Each method runs in one thread at a time; those of different lines may
    overlap. The lines: find_faces and encode_faces; make_fields and encode_fields; show.
    """

    def find_faces(self, frame: Frame, /) -> S:
        """Landmark line."""

    def make_fields(self, frame: Frame, faces: S, /) -> F:
        """Field line; faces may be of an earlier frame (claim 20)."""

    def show(self, frame: Frame, faces: S, fields: F, share: float, /) -> Shown:
        """Display; faces and fields may be of earlier frames. share: of the correction. Never writes into frame."""

    def encode_faces(self, frame: Frame, faces: S | None, ready: bool, /) -> EncodedFaces:
        """Landmark line, where the receiver warps (claim 23): encode the faces found in this frame.

        faces None: no result, nothing is to be corrected. ready: there are fields for them.
        """

    def encode_fields(self, frame: Frame, seen: Frame, fields: F, /) -> bytes:
        """Field line, where the receiver warps (claim 21): encode the fields made for frame with the faces of seen."""

    def close(self) -> None:
        """Release everything. Called last, when no other call is running."""


@dataclass(frozen=True)
class Executors:
    """The executors that all sessions' stages run in: one for each line, so that no line waits for another."""

    landmarks: ThreadPoolExecutor
    field: ThreadPoolExecutor
    display: ThreadPoolExecutor

    @classmethod
    def start(cls) -> Self:
        """Each line gets as many threads as this process has processors; they start when first needed."""
        count = processors()
        return cls(
            landmarks=ThreadPoolExecutor(count, "landmarks", _lower_priority),
            field=ThreadPoolExecutor(count, "field", _lower_priority),
            display=ThreadPoolExecutor(count, "display"),
        )

    def shutdown(self) -> None:
        """Wait for running stages and end the threads."""
        for executor in (self.landmarks, self.field, self.display):
            executor.shutdown(wait=True, cancel_futures=True)


def _lower_priority() -> None:
    """Lower the thread's priority: the display's frame is needed now, landmarks and fields only for later frames.

    On Linux niceness belongs to the calling thread and to threads that libraries start from it. Elsewhere it belongs
    to the whole process and is left unchanged.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def processors() -> int:
    """Processors this process may use; os.cpu_count() would also count those outside its affinity."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
