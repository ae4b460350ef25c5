from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.config.correct import Correct
from relay.config.lines import Schedule
from relay.film.schedule import ScheduledCorrection, schedule_of
from relay.film.summary import SummaryCounter
from relay.frame import Frame, Shown, Verdict
from relay.gaze.corrector import Corrector
from relay.gaze.face import Faces
from relay.media.trace import Note, Span, Use

RATE = 30


def frame(number: int) -> Frame:
    plane = np.zeros((2, 2), np.uint8)
    return Frame(plane, plane[:1, :1], plane[:1, :1], number / RATE)


def number_of(one: Frame | Faces) -> int:
    return round(one.time * RATE)


@dataclass
class RecordingCorrector:
    """A corrector that records which results were combined.

    shown: numbers of the frame, its landmarks' frame, its field's frame, and the frame of that field's landmarks.
    """

    shown: list[tuple[int, int, int, int]] = field(default_factory=list)
    before: Callable[[Frame], None] = lambda _: None

    def find_faces(self, one: Frame) -> Faces:
        self.before(one)
        return Faces(one.time, one.size)

    def make_fields(self, one: Frame, faces: Faces) -> tuple[int, int]:
        return number_of(one), number_of(faces)

    def show(self, one: Frame, faces: Faces, fields: tuple[int, int]) -> Shown:
        self.shown.append((number_of(one), number_of(faces), *fields))
        return Shown(one, Verdict.CORRECTED)


def scheduled(
    corrector: RecordingCorrector, schedule: Schedule, frames: int, notes: list[Note] | None = None
) -> SummaryCounter:
    counter = SummaryCounter()
    correction = ScheduledCorrection(
        cast("Corrector", corrector), schedule, counter, (notes if notes is not None else []).append
    )
    for number in range(frames):
        correction.show(frame(number))
    return counter


def test_the_lines_keep_the_distances_of_the_method() -> None:
    """Claims 15-25 with n = 1, m = 2, q = 3: landmarks of x, a field of x+1 with them, landmarks of x+2, shown x+3."""
    corrector = RecordingCorrector()
    scheduled(corrector, Schedule(n=1, m=2, q=3), 6)
    assert corrector.shown == [(3, 2, 1, 0), (4, 3, 2, 1), (5, 4, 3, 2)]


def test_sequential_is_all_distances_zero() -> None:
    """Claims 11-14: landmarks, field and picture are of one frame."""
    corrector = RecordingCorrector()
    scheduled(corrector, schedule_of(Correct.read(["a.mp4", "b.mp4"], "correct")), 3)
    assert corrector.shown == [(number, number, number, number) for number in range(3)]


def test_pipelined_is_one_frame_late_as_live_video_is() -> None:
    """Claims 8 and 10: the field of frame x is applied to frame x+1."""
    corrector = RecordingCorrector()
    scheduled(corrector, schedule_of(Correct.read(["a.mp4", "b.mp4", "--pipeline", "pipelined"], "correct")), 3)
    assert corrector.shown == [(1, 0, 0, 0), (2, 1, 1, 1)]


@given(st.lists(st.integers(0, 6), min_size=3, max_size=3).map(sorted), st.integers(1, 20))
def test_any_schedule_is_kept_exactly(distances: list[int], frames: int) -> None:
    n, m, q = distances
    corrector, notes = RecordingCorrector(), list[Note]()
    counter = scheduled(corrector, Schedule(n=n, m=m, q=q), frames, notes)
    assert corrector.shown == [(y, y - q + m, y - q + n, y - q) for y in range(q, frames)]
    assert counter.verdicts[Verdict.WARMING_UP] == min(q, frames)
    uses = [note for note in notes if isinstance(note, Use) and note.landmarks is not None]
    assert [(use.frame, use.landmarks, use.field) for use in uses] == [row[:3] for row in corrector.shown]


def test_every_stage_is_noted_with_its_frame() -> None:
    notes = list[Note]()
    scheduled(RecordingCorrector(), Schedule(n=0, m=0, q=0), 2, notes)
    spans = [(note.line, note.frame) for note in notes if isinstance(note, Span)]
    assert spans == [(line, number) for number in range(2) for line in ("landmarks", "field", "warp")]


def test_a_failure_costs_only_the_frames_that_needed_its_result(caplog: pytest.LogCaptureFixture) -> None:
    def fail(one: Frame) -> None:
        if number_of(one) == 4:
            raise ValueError("a stage failed")

    corrector = RecordingCorrector(before=fail)
    counter = scheduled(corrector, Schedule(n=1, m=2, q=3), 12)
    # 4 itself; 5 and 7, which need its landmarks for place and field; 6, whose field is that of 4.
    assert [row[0] for row in corrector.shown] == [3, 8, 9, 10, 11]
    assert counter.verdicts[Verdict.FAILED] == 4
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,2", "three whole numbers"),
        ("1,2,-3", "three whole numbers"),
        ("2,1,3", "m must be at least n, 2"),
        ("1,3,2", "q must be at least m, 3"),
        ("0,0,31", "q must be at most 30"),
    ],
)
def test_a_schedule_that_cannot_be_is_explained(text: str, says: str) -> None:
    with pytest.raises(Exception, match=says) as raised:
        Correct.read(["a.mp4", "b.mp4", "--lines", text], "correct")
    assert "lines" in str(raised.value)


def test_lines_are_read_from_the_command_line() -> None:
    settings: Any = Correct.read(["a.mp4", "b.mp4", "--lines", "1,2,3"], "correct")
    assert schedule_of(settings) == Schedule(n=1, m=2, q=3)
    assert str(schedule_of(settings)) == "1,2,3"
