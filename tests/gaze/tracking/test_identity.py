import numpy as np

from relay.gaze.tracking.identity import Tracker
from tests.gaze.faces import face

RATE = 30


def numbers(tracker: Tracker, places: list[tuple[float, float]], time: float) -> list[int]:
    """The numbers assigned to people at these positions, in their order."""
    given = tracker([face(0, place) for place in places], time)
    by_place = {tuple(np.rint((one.right.iris + one.left.iris) / 2)): one.number for one in given}
    return [by_place[tuple(np.rint(place))] for place in places]


def test_people_keep_their_numbers_whatever_the_detectors_order() -> None:
    tracker = Tracker()
    first = numbers(tracker, [(100, 100), (400, 120)], 0.0)
    assert numbers(tracker, [(402, 121), (101, 100)], 1 / RATE) == first[::-1]


def test_two_people_who_cross_are_not_swapped() -> None:
    tracker = Tracker()
    seen = set()
    for number in range(41):
        there, back = (100.0 + 10 * number, 150.0), (500.0 - 10 * number, 170.0)
        order = [there, back] if number % 2 else [back, there]
        given = dict(zip(order, numbers(tracker, order, number / RATE), strict=True))
        seen.add((given[there], given[back]))
    assert len(seen) == 1


def test_a_face_that_is_lost_for_a_moment_is_the_same_person() -> None:
    tracker = Tracker()
    (before,) = numbers(tracker, [(200, 200)], 0.0)
    tracker([], 0.2)
    assert numbers(tracker, [(205, 200)], 0.4) == [before]


def test_a_face_elsewhere_or_much_later_is_somebody_new() -> None:
    tracker = Tracker()
    (first,) = numbers(tracker, [(100, 100)], 0.0)
    (elsewhere,) = numbers(tracker, [(500, 400)], 1 / RATE)
    (later,) = numbers(tracker, [(500, 400)], 5.0)
    assert len({first, elsewhere, later}) == 3


def test_the_oldest_acquaintance_comes_first() -> None:
    tracker = Tracker()
    tracker([face(0, (400, 100))], 0.0)
    both = tracker([face(0, (100, 100)), face(0, (401, 100))], 1 / RATE)
    assert [one.number for one in both] == sorted(one.number for one in both)
    assert both[0].right.iris[0] > 300
