"""Missing packets, and when they are requested again."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.media.aiortc_patches.gaps import INITIAL_RTT, MAX_DISTANCE, MAX_REQUESTS, Gaps, ahead
from tests.fakes import Clock


@dataclass
class Packet:
    sequence_number: int
    ssrc: int = 7


def after(*numbers: int, clock: Clock | None = None) -> Gaps:
    """The gaps after packets of these numbers."""
    gaps = Gaps(clock or Clock())
    for number in numbers:
        gaps.add(Packet(number % (1 << 16)))
    return gaps


def test_what_lies_between_two_packets_is_missing() -> None:
    assert sorted(after(10, 13).missing) == [11, 12]
    assert sorted(after((1 << 16) - 2, (1 << 16) + 1).missing) == [0, (1 << 16) - 1]


def test_only_a_new_gap_is_to_be_told() -> None:
    gaps = Gaps(Clock())
    assert [gaps.add(Packet(number)) for number in (1, 2, 4, 5, 3, 5)] == [False, False, True, False, False, False]


def test_a_packet_that_comes_late_is_missing_no_more() -> None:
    gaps = after(1, 2, 4)
    assert gaps.since is not None
    gaps.add(Packet(3))
    assert not gaps.missing
    assert gaps.since is None


def test_it_is_asked_for_again_and_again_but_not_for_ever() -> None:
    clock = Clock()
    gaps = after(1, 3, clock=clock)
    assert gaps.due(clock.now) == [], "the first time was just now"
    asked = []
    for _ in range(3 * MAX_REQUESTS):
        clock.now += INITIAL_RTT / 4
        asked.append(gaps.due(clock.now) == [2])
    assert asked[:12] == 2 * [*5 * [False], True]
    for _ in range(100 * MAX_REQUESTS):
        clock.now += INITIAL_RTT
        gaps.due(clock.now)
    assert gaps.retries == MAX_REQUESTS - 1


def test_a_new_gap_asks_for_the_old_ones_too() -> None:
    clock = Clock()
    gaps = after(1, 3, clock=clock)
    clock.now += 10
    assert gaps.add(Packet(5))
    assert gaps.due(clock.now) == []
    clock.now += 10
    assert gaps.due(clock.now) == [2, 4]


def test_who_answers_slowly_is_asked_less_often() -> None:
    clock = Clock()
    gaps = Gaps(clock)
    for number in range(0, 200, 2):
        gaps.add(Packet(number))
        if number:
            clock.now += 0.2
            gaps.add(Packet(number - 1))
    assert gaps.rtt == pytest.approx(0.2, rel=0.05)
    gaps.add(Packet(250))
    clock.now += 0.28
    assert gaps.due(clock.now) == []
    clock.now += 0.03
    assert gaps.due(clock.now)


def test_what_nobody_waits_for_is_forgotten() -> None:
    gaps = after(1, 5)
    gaps.forget_before(4)
    assert sorted(gaps.missing) == [4]


def test_what_is_too_far_behind_is_forgotten() -> None:
    gaps = after(0, 2, MAX_DISTANCE - 1, MAX_DISTANCE, MAX_DISTANCE + 1, MAX_DISTANCE + 3)
    assert 1 not in gaps.missing
    assert MAX_DISTANCE + 2 in gaps.missing


def test_a_leap_is_another_stream_and_no_gap() -> None:
    gaps = after(0, 2, 30000)
    assert not gaps.missing
    assert not gaps.add(Packet(30001))
    assert gaps.add(Packet(30003))


@given(st.integers(0, (1 << 16) - 1), st.lists(st.integers(0, 300), unique=True, min_size=1))
def test_exactly_what_did_not_come_is_missing(first: int, offsets: list[int]) -> None:
    gaps = after(first, *(first + offset for offset in offsets))
    came = {0, *offsets}
    assert {ahead(number, first) for number in gaps.missing} == set(range(max(came))) - came
