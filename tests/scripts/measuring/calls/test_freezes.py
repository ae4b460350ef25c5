"""From counts of decoded frames to freezes."""

import pytest

from scripts.measuring.calls.freezes import Freeze, Reading, freezes, summarise


def readings(*frames: int, step: float = 50) -> list[Reading]:
    """Counts, one every so many milliseconds."""
    return [
        Reading(1000 + step * number, count, 1, 1000 * count, 0, 0, 480, count, 0)
        for number, count in enumerate(frames)
    ]


def test_a_freeze_is_as_long_as_the_count_stays() -> None:
    assert freezes(readings(1, 2, 3, 3, 3, 3, 3, 4, 5)) == [Freeze(1100, 200)]


def test_who_reads_late_has_seen_no_freeze() -> None:
    assert freezes(readings(1, 2, 3, 4, step=900)) == []


def test_what_never_moves_again_is_one_to_the_end() -> None:
    assert freezes(readings(1, *10 * [2]), least=400) == [Freeze(1050, 450)]


def test_a_call_is_summed_up() -> None:
    moving = [*range(20), *21 * [20], *range(21, 40)]
    found = summarise(readings(*moving))
    assert found["longest_ms"] == 1000
    assert (found["over_200_ms"], found["over_500_ms"], found["over_1_s"]) == (1, 1, 1)
    assert found["fps"] == pytest.approx(39 / 2.95, abs=0.1)
    assert found["kbits"] == [160, 0, 160]
