import io
from fractions import Fraction
from typing import Any

import av
import pytest

from relay.film.files.span import Item, Span, item_time, moved

AUDIO, SUBTITLES = 1, 2
MILLI = Fraction(1, 1000)
CONTAINER = av.open(io.BytesIO(), "w", format="matroska")
STREAMS = [CONTAINER.add_stream(codec) for codec in ("mpeg4", "aac", "ssa")]


def picture(milliseconds: int) -> av.VideoFrame:
    frame = av.VideoFrame(16, 16, "yuv420p")
    frame.pts, frame.time_base = milliseconds, MILLI
    return frame


def packet(milliseconds: int, stream: int = AUDIO) -> "av.Packet[Any]":
    made: av.Packet[Any] = av.Packet(b"x")
    made.stream = STREAMS[stream]
    made.pts = made.dts = milliseconds
    made.time_base = MILLI
    return made


def frame_times(items: list[Item]) -> list[int | None]:
    return [item.pts for item in items if isinstance(item, av.VideoFrame)]


def audio_times(items: list[Item]) -> list[int | None]:
    return [item.pts for item in items if isinstance(item, av.Packet)]


def cut(span: Span, items: list[Item], begin: int = 0) -> list[Item]:
    return list(span.cut(items, begin * MILLI, [AUDIO]))


def film(start: int = 0) -> list[Item]:
    """A frame every 40 ms and an audio packet every 20 ms, for one second."""
    items: list[Item] = []
    for time in range(start, start + 1000, 20):
        items += [packet(time), picture(time)] if time % 40 == start % 40 else [packet(time)]
    return items


def test_without_bounds_everything_passes_untouched() -> None:
    items = cut(Span(), film())
    assert frame_times(items) == list(range(0, 1000, 40))
    assert audio_times(items) == list(range(0, 1000, 20))


def test_a_recording_that_begins_late_begins_at_zero() -> None:
    items = cut(Span(), film(1400), begin=1400)
    assert frame_times(items) == list(range(0, 1000, 40))
    assert audio_times(items) == list(range(0, 1000, 20))


def test_run_up_of_the_sound_is_kept() -> None:
    assert audio_times(cut(Span(), [packet(-21), packet(0), picture(0)])) == [-21, 0]


def test_both_bounds_are_exact_to_the_frame_and_sound_stays_in_step() -> None:
    items = cut(Span.of(0.2, 0.4), film())
    assert frame_times(items) == [0, 40, 80, 120, 160]
    assert audio_times(items) == list(range(0, 200, 20))


def test_between_two_frames_the_next_one_is_the_first_and_sound_follows_it() -> None:
    items = cut(Span.of(0.21, 0.35), film())
    assert frame_times(items) == [0, 40, 80]  # 240, 280, 320
    assert audio_times(items) == [0, 20, 40, 60, 80, 100]


@pytest.mark.parametrize(("typed", "first"), [(0.067, 2), (0.066, 2), (0.0667, 2), (0.068, 3), (0.1, 3), (0.033, 1)])
def test_seconds_are_meant_as_people_round_them(typed: float, first: int) -> None:
    frames: list[Item] = []
    for number in range(5):
        frame = av.VideoFrame(16, 16, "yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, 30)
        frames.append(frame)
    kept = list(Span.of(typed, None).cut(frames, Fraction(0), []))
    assert len(kept) == 5 - first


def test_sound_that_lies_behind_its_picture_is_waited_for_and_no_longer() -> None:
    late: list[Item] = [picture(0), picture(40), picture(80), packet(0), packet(20), packet(40), packet(60)]
    remaining = iter(late)
    kept = list(Span.of(0, 0.04).cut(remaining, Fraction(0), [AUDIO]))
    assert (frame_times(kept), audio_times(kept)) == ([0], [0, 20])
    assert next(remaining).pts == 60, "it read more than it needed"


def test_subtitles_are_not_waited_for() -> None:
    film: list[Item] = [picture(0), packet(0, SUBTITLES), picture(40), picture(80)]
    remaining = iter(film)
    list(Span.of(0, 0.04).cut(remaining, Fraction(0), []))
    assert next(remaining).pts == 80


def test_sound_goes_on_behind_the_last_picture() -> None:
    assert audio_times(cut(Span.of(0.04, None), [picture(40), packet(40), packet(60), packet(5000)])) == [0, 20, 4960]


def test_times_come_from_dts_where_there_is_no_pts() -> None:
    made = packet(40)
    made.pts = None
    assert item_time(made) == Fraction(40, 1000)
    assert moved(made, Fraction(1, 100)).dts == 30
