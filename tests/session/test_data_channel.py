import json
from collections.abc import Iterator
from typing import Any

import pytest

from relay.config.correction import Correction
from relay.errors import InvalidSettingError, MalformedError, TooLargeError, UnknownTypeError
from relay.gaze.calibration import Calibrated, CalibrationError, Looked, Rejected
from relay.gaze.face import Faces
from relay.session import data_channel
from relay.session.data_channel import Control, changed, read
from tests.fakes import Clock, FakeStages

NOBODY = Faces(0, (640, 480))
DEFAULTS = {"enabled": True, "mode": "natural", "strength": 100, "pitch": 8, "yaw": 0}


class ScriptedLooks:
    """A two-look calibration that does what the test says."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, float]] = []
        self.cancelled = 0
        self.outcomes: Iterator[Looked | Calibrated | Rejected | None] = iter(())

    def begin(self, look: str, time: float) -> None:
        if look == "face" and not self.begun:
            raise CalibrationError("look at the lens first")
        self.begun.append((look, time))

    def cancel(self) -> None:
        self.cancelled += 1

    def observe(self, faces: Faces, time: float) -> Looked | Calibrated | Rejected | None:
        assert faces is NOBODY
        return next(self.outcomes, None)


class Talk:
    """A Control with all messages it has sent."""

    def __init__(self, limit: int = 4096) -> None:
        self.stages, self.clock = FakeStages(), Clock()
        self.sent: list[dict[str, Any]] = []
        self.control = Control(self.stages, lambda text: self.sent.append(json.loads(text)), limit, self.clock)

    def receive(self, **message: Any) -> dict[str, Any]:
        self.control.receive(json.dumps(message))
        return self.sent[-1]


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> ScriptedLooks:
    """The calibration of the next Control."""
    looks = ScriptedLooks()
    monkeypatch.setattr(data_channel, "TwoLook", lambda: looks)
    return looks


def test_the_greeting_says_what_is_in_force() -> None:
    talk = Talk()
    talk.control.send_settings()
    assert talk.sent == [{"type": "settings", **DEFAULTS}]


def test_settings_change_what_is_named_and_nothing_else() -> None:
    talk = Talk()
    assert talk.receive(type="settings", pitch=3.5, enabled=False) == {
        "type": "settings",
        **DEFAULTS,
        "pitch": 3.5,
        "enabled": False,
    }
    assert talk.stages.correction == Correction(enabled=False, pitch=3.5)
    assert talk.receive(type="settings", yaw=-2)["pitch"] == 3.5


def test_an_empty_change_asks_for_the_settings() -> None:
    assert Talk().receive(type="settings") == {"type": "settings", **DEFAULTS}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pitch", 26),
        ("pitch", "3"),
        ("pitch", None),
        ("strength", -1),
        ("strength", True),
        ("enabled", "yes"),
        ("enabled", 1),
        ("mode", "stare"),
        ("brightness", 3),
        ("yaw", [1]),
        ("yaw", 1e400),
    ],
)
def test_a_wrong_setting_is_named_and_changes_nothing(name: str, value: object) -> None:
    talk = Talk()
    answer = talk.receive(**{"type": "settings", "strength": 50, name: value})
    assert answer["type"] == "error"
    assert answer["code"] == "invalid_setting"
    assert name in answer["message"]
    assert talk.stages.correction == Correction()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", MalformedError),
        ("hello", MalformedError),
        ("[]", MalformedError),
        ("null", MalformedError),
        ("{}", MalformedError),
        ('{"type": 3}', UnknownTypeError),
        ('{"type": "dance"}', UnknownTypeError),
        ('{"type": "ping"}', MalformedError),
        ('{"type": "ping", "t": "now"}', MalformedError),
        ('{"type": "ping", "t": NaN}', MalformedError),
        ('{"type": "ping", "t": 1, "u": 2}', MalformedError),
        ('{"type": "calibrate"}', MalformedError),
        ('{"type": "calibrate", "look": "nose"}', MalformedError),
        (b'{"type": "ping", "t": 1}', MalformedError),
        ('{"type": "ping", "t": 1}' + 300 * " ", TooLargeError),
        (200 * "\N{LATIN SMALL LETTER E WITH ACUTE}", TooLargeError),
    ],
)
def test_what_cannot_be_read_is_answered(text: str | bytes, error: type[MalformedError]) -> None:
    with pytest.raises(error):
        read(text, limit=256)
    talk = Talk(limit=256)
    talk.control.receive(text)
    [answer] = talk.sent
    assert (answer["type"], answer["code"]) == ("error", error.code)
    assert answer["message"]
    talk.receive(type="ping", t=1)
    assert talk.sent[-1] == {"type": "pong", "t": 1}


def test_a_message_of_just_the_limit_is_read() -> None:
    text = '{"type": "ping", "t": 1}'
    assert read(text.ljust(256), limit=256)


def test_ping_is_answered_with_its_own_number() -> None:
    assert Talk().receive(type="ping", t=123.25) == {"type": "pong", "t": 123.25}


def test_a_calibration_from_look_to_offset(looks: ScriptedLooks) -> None:
    talk = Talk()
    looks.outcomes = iter([None, Looked("lens"), Calibrated(pitch=9.1, yaw=-0.4)])
    talk.receive(type="calibrate", look="lens")
    assert looks.begun == [("lens", talk.clock())]
    talk.control.observe(NOBODY)
    talk.control.observe(NOBODY)
    talk.receive(type="calibrate", look="face")
    talk.control.observe(NOBODY)
    assert talk.sent == [
        {"type": "calibration", "state": "looking", "look": "lens"},
        {"type": "calibration", "state": "looked", "look": "lens"},
        {"type": "calibration", "state": "looking", "look": "face"},
        {"type": "calibration", "state": "done", "pitch": 9.1, "yaw": -0.4},
        {"type": "settings", **DEFAULTS, "pitch": 9.1, "yaw": -0.4},
    ]
    assert talk.stages.correction == Correction(pitch=9.1, yaw=-0.4)


def test_a_rejected_look_says_why(looks: ScriptedLooks) -> None:
    talk = Talk()
    looks.outcomes = iter([Rejected("lens", "blinked", "You blinked.")])
    talk.control.observe(NOBODY)
    assert talk.sent == [
        {
            "type": "calibration",
            "state": "rejected",
            "look": "lens",
            "code": "blinked",
            "message": "You blinked.",
        }
    ]
    assert talk.stages.correction == Correction()


def test_looks_in_the_wrong_order_are_rejected(looks: ScriptedLooks) -> None:
    answer = Talk().receive(type="calibrate", look="face")
    assert (answer["state"], answer["look"], answer["code"]) == ("rejected", "face", "wrong_order")
    assert not looks.begun


def test_cancelling_forgets_the_calibration(looks: ScriptedLooks) -> None:
    talk = Talk()
    talk.control.receive('{"type": "calibrate", "look": "cancel"}')
    assert looks.cancelled == 1
    assert talk.sent == []


def test_a_change_is_checked_as_strictly_over_http() -> None:
    assert changed(Correction(), {"strength": 50}) == Correction(strength=50)
    with pytest.raises(InvalidSettingError, match="strength"):
        changed(Correction(), {"strength": "50"})
