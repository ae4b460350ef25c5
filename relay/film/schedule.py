"""Runs a corrector over a video, frame by frame, with its four lines at exact distances. Knows nothing of files.

Not driven by a clock, so the same video always gives the same result. The clock is read only to time the stages.
"""

import logging
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Final, TypeVar, TypeVarTuple

from relay.config.correct import Correct
from relay.config.lines import PipelineMode, Schedule
from relay.film.summary import SummaryCounter
from relay.frame import Frame, Shown, Verdict
from relay.gaze.corrector import Corrector, Fields
from relay.gaze.face import Faces
from relay.media.trace import Note, Span, Use

R = TypeVar("R")
A = TypeVarTuple("A")

# pipelined: like live video whose lines keep up with the camera, landmarks and field are one frame old.
SCHEDULES: Final[dict[PipelineMode, Schedule]] = {
    "sequential": Schedule(n=0, m=0, q=0),
    "pipelined": Schedule(n=0, m=0, q=1),
}

log = logging.getLogger(__name__)


def schedule_of(settings: Correct) -> Schedule:
    """The distances for these settings."""
    return settings.lines or SCHEDULES[settings.pipeline]


class ScheduledCorrection:
    """Shows each frame with the results that the schedule specifies (claims 11-25).

    Frame f is shown with the landmarks of frame f - (q - m) and the field of frame f - (q - n), which was made with the
    landmarks of frame f - q. The first q frames are not changed. note: is called with the record of each stage's work.
    """

    def __init__(
        self,
        corrector: Corrector,
        schedule: Schedule,
        counter: SummaryCounter,
        note: Callable[[Note], None] = lambda _: None,
    ) -> None:
        self._corrector, self._schedule, self._counter, self._note = corrector, schedule, counter, note
        self._faces = deque[Faces | None](maxlen=schedule.q + 1)  # the newest frame's are last; None: it failed
        self._fields = deque[Fields | None](maxlen=schedule.q - schedule.n + 1)
        self._number = -1

    def show(self, frame: Frame) -> Shown:
        """The next frame, corrected. Where a stage raises, the frame is unchanged and the first error is logged."""
        self._number += 1
        try:
            self._analyse(frame)
            shown = self._show(frame)
        except Exception:
            if not self._counter.verdicts[Verdict.FAILED]:
                log.exception("a frame could not be corrected and is left unchanged")
            shown = Shown(frame, Verdict.FAILED)
        self._counter.verdicts[shown.verdict] += 1
        self._note(self._use(shown.verdict))
        return shown

    def _analyse(self, frame: Frame) -> None:
        """Lines 1 to 3 on this frame. The results are kept for later frames, also where a stage raises."""
        self._faces.append(None)
        self._fields.append(None)
        faces = self._faces[-1] = self._timed("landmarks", self._corrector.find_faces, frame)
        self._counter.faces[len(faces.faces)] += 1
        if len(self._faces) > self._schedule.n and (older := self._faces[-1 - self._schedule.n]) is not None:
            self._fields[-1] = self._timed("field", self._corrector.make_fields, frame, older)

    def _show(self, frame: Frame) -> Shown:
        """Line 4."""
        n, m, q = self._schedule.n, self._schedule.m, self._schedule.q
        if self._number < q:
            return Shown(frame, Verdict.WARMING_UP)
        faces, fields = self._faces[-1 - (q - m)], self._fields[-1 - (q - n)]
        if faces is None or fields is None:  # that frame's failure has been logged and counted
            return Shown(frame, Verdict.FAILED)
        return self._timed("warp", self._corrector.show, frame, faces, fields)

    def _use(self, verdict: Verdict) -> Use:
        """The frames that this one's landmarks and field are from."""
        n, m, q = self._schedule.n, self._schedule.m, self._schedule.q
        if self._number < q:
            return Use(self._number, perf_counter(), None, None, verdict)
        return Use(self._number, perf_counter(), self._number - (q - m), self._number - (q - n), verdict)

    def _timed(self, line: str, work: Callable[[*A], R], *arguments: *A) -> R:
        start = perf_counter()
        result = work(*arguments)
        end = perf_counter()
        self._counter.time(line, end - start)
        self._note(Span(line, self._number, start, end))
        return result
