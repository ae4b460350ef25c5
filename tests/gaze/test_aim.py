from itertools import pairwise

import pytest

from relay.config.correction import Correction
from relay.config.engine import Limits
from relay.frame import Verdict
from relay.gaze.aim import FADE, Gate, Target, effect, opening
from relay.gaze.face import Face, Side
from relay.gaze.spec import MAX_AIM
from tests.gaze.faces import eye, face

RATE = 30
LIMITS = Limits()


def settled(gate: Gate, one: Face, correction: Correction, since: float = 0.0) -> tuple[float, Verdict]:
    """The gate's result after a second of the same face."""
    for number in range(RATE + 1):
        result = gate(one, correction, LIMITS, since + number / RATE)
    return result


def test_natural_turns_by_the_offset_whatever_the_eyes_do() -> None:
    target, correction = Target(), Correction(pitch=7, yaw=-3)
    for number, gaze in enumerate([(-8, 0), (-2, 12), (5, -9)]):
        turn = target(face(gaze=gaze), correction, number / RATE)
        assert (turn.pitch, turn.yaw) == (7, -3)


def test_teleprompter_turns_the_gaze_into_the_lens_within_its_reach() -> None:
    target, correction = Target(), Correction(mode="teleprompter")
    turn = target(face(gaze=(-10, 6)), correction, 0.0)
    assert (turn.pitch, turn.yaw) == (8, -6)  # a little below the lens
    far = Target()(face(gaze=(-40, 30)), correction, 0.0)
    assert (far.pitch, far.yaw) == (15, -15)


def test_teleprompter_does_not_pass_on_the_tremble_of_the_estimate() -> None:
    target, correction = Target(), Correction(mode="teleprompter")
    turns = [target(face(gaze=(-8 + (number % 2), 0)), correction, number / RATE).pitch for number in range(60)]
    assert max(turns[30:]) - min(turns[30:]) < 0.3


def test_a_new_offset_is_approached_and_not_jumped_to() -> None:
    target = Target()
    target(face(), Correction(pitch=0), 0.0)
    first = target(face(), Correction(pitch=20), 1 / RATE)
    assert 0 < first.pitch <= MAX_AIM / FADE / RATE + 1e-6
    for number in range(2, 12):
        last = target(face(), Correction(pitch=20), number / RATE)
    assert last.pitch == 20


def test_strength_rises_within_150_to_300_ms_and_falls_as_fast() -> None:
    gate, on, off = Gate(), Correction(), Correction(enabled=False)
    rising = [gate(face(), on, LIMITS, number / RATE)[0] for number in range(12)]
    full = rising.index(1.0) / RATE
    assert 0.15 <= full <= 0.3
    falling = [gate(face(), off, LIMITS, 0.4 + number / RATE)[0] for number in range(12)]
    assert 0.15 <= falling.index(0.0) / RATE <= 0.3
    assert max(abs(after - before) for before, after in pairwise(rising)) < 0.25


def test_strength_is_a_share_of_the_turn() -> None:
    gain, verdict = settled(Gate(), face(), Correction(strength=40))
    assert gain == pytest.approx(0.4)
    assert verdict is Verdict.CORRECTED


@pytest.mark.parametrize("correction", [Correction(enabled=False), Correction(strength=0), Correction(pitch=0, yaw=0)])
def test_nothing_asked_for_is_off(correction: Correction) -> None:
    assert settled(Gate(), face(), correction) == (0, Verdict.OFF)


@pytest.mark.parametrize(
    ("head", "gaze", "expected"),
    [
        ((0, 0, 0), (-20, 0), 1),
        ((15, 0, 0), (0, 0), 1),
        ((0, 22.5, 0), (0, 0), 0.5),
        ((0, 0, 0), (0, 25), 0.5),
        ((0, 30, 0), (0, 0), 0),
        ((0, 0, 40), (0, 0), 1),  # a tilted head may look straight into the lens
    ],
)
def test_the_effect_fades_with_gaze_and_turn(
    head: tuple[float, float, float], gaze: tuple[float, float], expected: float
) -> None:
    assert effect(face(head=head, gaze=gaze), LIMITS) == pytest.approx(expected)


def test_a_face_turned_away_says_so() -> None:
    assert settled(Gate(), face(head=(0, 45, 0)), Correction()) == (0, Verdict.TURNED_AWAY)


def test_a_blink_is_obeyed_at_once_and_over_at_once() -> None:
    gate = Gate()
    settled(gate, face(), Correction())
    gain, verdict = gate(face(openness=0.05), Correction(), LIMITS, 1.05)
    assert verdict is Verdict.EYES_CLOSED
    assert gain * opening(face(openness=0.05).right) == 0
    assert gate(face(), Correction(), LIMITS, 1.08) == (1.0, Verdict.CORRECTED)


def test_lids_allow_more_the_wider_they_are() -> None:
    allowed = [opening(eye(Side.RIGHT, openness=openness)) for openness in (-0.02, 0.05, 0.1, 0.14, 0.18, 0.4)]
    assert allowed == sorted(allowed)
    assert allowed[:3] == [0, 0, 0]
    assert allowed[-2:] == [1, 1]


def test_doubt_has_hysteresis() -> None:
    gate = Gate()
    assert settled(gate, face(confidence=0.45), Correction()) == (0, Verdict.DOUBTFUL)
    assert settled(gate, face(confidence=0.6), Correction(), 2)[0] == 1
    assert settled(gate, face(confidence=0.45), Correction(), 4)[0] == 1
    assert settled(gate, face(confidence=0.3), Correction(), 6) == (0, Verdict.DOUBTFUL)
