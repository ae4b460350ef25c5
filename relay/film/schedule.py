"""Takes a corrector through a film, frame by frame, with its four lines at exact distances. Knows no files.

No clock drives it, so the same film always gives the same result; the clock is only read to tell how long stages took.
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

# As live video does where each line keeps up with the camera: landmarks and field of exactly one frame before.
SCHEDULES: Final[dict[PipelineMode, Schedule]] = {
    "sequential": Schedule(n=0, m=0, q=0),
    "pipelined": Schedule(n=0, m=0, q=1),
}

log = logging.getLogger(__name__)


def schedule_of(settings: Correct) -> Schedule:
    """The distances that these settings ask for."""
    return settings.lines or SCHEDULES[settings.pipeline]


class ScheduledCorrection:
    """Shows each frame with the results that the schedule names (claims 11-25).

    Frame f is shown with the landmarks of frame f - (q - m) and the field of frame f - (q - n), which was made with the
    landmarks of frame f - q. The first q frames stay as they are. note: hears of each stage's work.
    """

    def __init__(
        self,
        corrector: Corrector,
        schedule: Schedule,
        counter: SummaryCounter,
        note: Callable[[Note], None] = lambda _: None,
    ) -> None:
        self._corrector, self._schedule, self._counter, self._note = corrector, schedule, counter, note
        self._faces = deque[Faces | None](maxlen=schedule.q + 1)  # the newest frame's come last; None: it failed
        self._fields = deque[Fields | None](maxlen=schedule.q - schedule.n + 1)
        self._number = -1

    def show(self, frame: Frame) -> Shown:
        """The next frame as it goes out; as it came in where a stage raises, of which the log hears once."""
        self._number += 1
        try:
            self._look(frame)
            shown = self._show(frame)
        except Exception:
            if not self._counter.verdicts[Verdict.FAILED]:
                log.exception("a picture could not be corrected and stays as it is")
            shown = Shown(frame, Verdict.FAILED)
        self._counter.verdicts[shown.verdict] += 1
        self._note(self._use(shown.verdict))
        return shown

    def _look(self, frame: Frame) -> None:
        """Lines 1 to 3 on this frame; what a later one needs of it is kept, also where a stage raises."""
        self._faces.append(None)
        self._fields.append(None)
        faces = self._faces[-1] = self._timed("landmarks", self._corrector.find_faces, frame)
        self._counter.faces[len(faces.faces)] += 1
        if len(self._faces) > self._schedule.n and (seen := self._faces[-1 - self._schedule.n]) is not None:
            self._fields[-1] = self._timed("field", self._corrector.make_fields, frame, seen)

    def _show(self, frame: Frame) -> Shown:
        """Line 4."""
        n, m, q = self._schedule.n, self._schedule.m, self._schedule.q
        if self._number < q:
            return Shown(frame, Verdict.WARMING_UP)
        faces, fields = self._faces[-1 - (q - m)], self._fields[-1 - (q - n)]
        if faces is None or fields is None:  # their own frame's failure has been told and counted
            return Shown(frame, Verdict.FAILED)
        return self._timed("warp", self._corrector.show, frame, faces, fields)

    def _use(self, verdict: Verdict) -> Use:
        """From which frames this one's landmarks and field are."""
        n, m, q = self._schedule.n, self._schedule.m, self._schedule.q
        if self._number < q:
            return Use(self._number, perf_counter(), None, None, verdict)
        return Use(self._number, perf_counter(), self._number - (q - m), self._number - (q - n), verdict)

    def _timed(self, line: str, work: Callable[[*A], R], *arguments: *A) -> R:
        begun = perf_counter()
        result = work(*arguments)
        ended = perf_counter()
        self._counter.time(line, ended - begun)
        self._note(Span(line, self._number, begun, ended))
        return result
