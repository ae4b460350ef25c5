"""What a pipeline runs, and the threads it runs it in. Knows nothing of what the stages do to a frame."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from relay.frame import Frame, Shown

S = TypeVar("S")  # what the landmark line returns
F = TypeVar("F")  # what the field line returns


class Stages(Protocol[S, F]):
    """What is done to one person's frames. Each method runs in one thread at a time; the three may overlap."""

    def find_faces(self, frame: Frame, /) -> S:
        """Landmark line."""

    def make_fields(self, frame: Frame, faces: S, /) -> F:
        """Field line; faces may be of an earlier frame."""

    def show(self, frame: Frame, faces: S, fields: F, /) -> Shown:
        """Display; faces and fields may be of earlier frames. Never writes into frame."""

    def close(self) -> None:
        """Release everything; no other call is running then, and none follows."""


@dataclass(frozen=True)
class Hands:
    """The executors that all sessions' stages run in: one for each line, so that none waits for another's."""

    landmarks: ThreadPoolExecutor
    field: ThreadPoolExecutor
    display: ThreadPoolExecutor

    @classmethod
    def hire(cls) -> Self:
        """As many threads a line as this process has processors, started when first needed."""
        return cls(*(ThreadPoolExecutor(processors(), line) for line in ("landmarks", "field", "display")))

    def dismiss(self) -> None:
        """Wait for what is running and end the threads."""
        for executor in (self.landmarks, self.field, self.display):
            executor.shutdown(wait=True, cancel_futures=True)


def processors() -> int:
    """Processors this process may use; os.cpu_count() would also count those it was not given."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
