from collections.abc import Callable

import pytest

from relay.gaze.aim import BELOW_LENS
from relay.gaze.calibration import Calibrated, CalibrationError, Look, Looked, Rejected, TwoLook
from relay.gaze.face import Face, Faces
from tests.gaze.faces import face, faces

RATE = 30
FaceAt = Callable[[int], Face | None]


def look(calibration: TwoLook, where: Look, face_at: FaceAt, since: float) -> Looked | Calibrated | Rejected | None:
    """The outcome of a look with the face of face_at(frame number), within three seconds."""
    calibration.begin(where, since)
    for number in range(3 * RATE):
        time = since + number / RATE
        seen = face_at(number)
        outcome = calibration.observe(faces(seen, time=time) if seen else Faces(time, (640, 480)), time)
        if outcome is not None:
            return outcome
    return None


def steady(pitch: float, yaw: float, head: float = 0.0) -> FaceAt:
    return lambda number: face(gaze=(pitch + 0.3 * (number % 2), yaw), head=(head, 0, 0))


def test_the_offset_is_the_difference_of_the_two_looks() -> None:
    calibration = TwoLook()
    assert look(calibration, "lens", steady(-3, 2), 0.0) == Looked("lens")
    outcome = look(calibration, "face", steady(-15, 5), 5.0)
    assert isinstance(outcome, Calibrated)
    assert (outcome.pitch, outcome.yaw) == pytest.approx((12 - BELOW_LENS, -3))


def test_a_lens_below_the_face_gives_an_offset_downwards() -> None:
    calibration = TwoLook()
    look(calibration, "lens", steady(-8, 0), 0.0)
    outcome = look(calibration, "face", steady(2, 0), 5.0)
    assert isinstance(outcome, Calibrated)
    assert outcome.pitch == pytest.approx(-10)


def test_a_look_takes_about_a_second() -> None:
    calibration = TwoLook()
    calibration.begin("lens", 10.0)
    outcomes = {
        number / RATE: calibration.observe(faces(face(), time=10 + number / RATE), 10 + number / RATE)
        for number in range(45)
    }
    (done,) = [after for after, outcome in outcomes.items() if outcome is not None]
    assert 1.0 <= done <= 1.5


def test_a_blink_is_rejected_with_its_reason_and_may_be_tried_again() -> None:
    calibration = TwoLook()
    blinked = look(calibration, "lens", lambda number: face(openness=0.02 if number == 20 else 0.3), 0.0)
    assert isinstance(blinked, Rejected)
    assert (blinked.look, blinked.code) == ("lens", "blinked")
    assert "again" in blinked.message
    assert look(calibration, "lens", steady(-3, 0), 4.0) == Looked("lens")


@pytest.mark.parametrize(
    ("face_at", "code"),
    [
        (lambda number: face(gaze=(-8, number)), "moved"),
        (lambda number: face(head=(number / 2, 0, 0)), "moved"),
        (lambda number: None, "no_face"),
        (lambda number: face() if number < 20 else None, "no_face"),
    ],
    ids=["eyes wander", "head moves", "nobody", "face lost"],
)
def test_a_look_that_cannot_be_used_says_why(face_at: FaceAt, code: str) -> None:
    outcome = look(TwoLook(), "lens", face_at, 0.0)
    assert isinstance(outcome, Rejected)
    assert outcome.code == code


def test_a_rejected_second_look_keeps_the_first() -> None:
    calibration = TwoLook()
    look(calibration, "lens", steady(-3, 0), 0.0)
    assert isinstance(look(calibration, "face", lambda number: None, 5.0), Rejected)
    assert isinstance(look(calibration, "face", steady(-12, 0), 10.0), Calibrated)


def test_an_offset_beyond_what_can_be_corrected_is_refused() -> None:
    calibration = TwoLook()
    look(calibration, "lens", steady(10, 0), 0.0)
    outcome = look(calibration, "face", steady(-30, 0), 5.0)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "too_far"


def test_the_face_before_the_lens_is_out_of_turn() -> None:
    calibration = TwoLook()
    with pytest.raises(CalibrationError, match="lens first"):
        calibration.begin("face", 0.0)
    look(calibration, "lens", steady(0, 0), 0.0)
    calibration.cancel()
    with pytest.raises(CalibrationError):
        calibration.begin("face", 5.0)


def test_nothing_is_measured_unasked() -> None:
    assert TwoLook().observe(faces(face()), 0.0) is None
