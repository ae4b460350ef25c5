import pytest

from models.evaluation.clips.clip_table import judged, metrics_of, reading
from models.evaluation.clips.clips import Change, ClipResult
from models.evaluation.clips.steadiness import Blinks
from models.evaluation.renders.synthetic import Gain
from relay.gaze.face import Angles

UP, RIGHT = Angles(pitch=10.0), Angles(yaw=10.0)


def played(
    name: str,
    gain: float,
    changes: tuple[Change, ...] = (),
    tremble: float | None = 1.0,
    aside: float | None = None,
    blinks: Blinks | None = None,
) -> ClipResult:
    return ClipResult(name, 40.0, (Gain(UP, gain), Gain(RIGHT, 1.0)), changes, (0.9, 1.0), tremble, aside, blinks)


def values(*clips: ClipResult) -> dict[str, float | None]:
    return {one.name: one.value for one in metrics_of(clips)}


def test_the_judge_is_measured_against_the_rigid_iris() -> None:
    """It measures half of a step, for the rigid iris and for a row that turns as far."""
    changes = (Change(UP, made=0.045, rigid=0.05, step=0.1),) * 6
    assert judged(changes, "pitch") == pytest.approx(0.9)
    assert reading(changes, "pitch") == pytest.approx(0.5)
    assert judged(changes, "yaw") is None


def test_a_judge_that_follows_nothing_is_not_asked() -> None:
    blind = (Change(UP, made=0.01, rigid=0.01, step=0.1),) * 6
    assert judged(blind, "pitch") is None
    assert judged((Change(UP, 0.05, 0.05, 0.1),) * 2, "pitch") is None, "too few estimates"


def test_each_person_counts_once() -> None:
    many = ClipResult("many", 40.0, (Gain(UP, 0.5),) * 50, (), (), None, None, None)
    found = values(many, played("a", 0.9), played("b", 1.0))
    assert found["gain, vertical +10 deg"] == 0.9
    assert found["gain, horizontal +10 deg"] == 1.0
    assert found["gain, vertical -20 deg"] is None


def test_over_time() -> None:
    clips = (
        played("a", 1.0, tremble=1.0, aside=1.1, blinks=Blinks(0.999, 2, 0, 0)),
        played("b", 1.0, tremble=1.4, blinks=Blinks(0.95, 3, 1, -2)),
        played("c", 1.0, tremble=None),
    )
    found = values(*clips)
    assert found["tremble of the iris, out / in, turned up, median"] == pytest.approx(1.2)
    assert found["tremble, turned up, worst clip"] == 1.4
    assert found["tremble, turned aside, median"] == 1.1
    assert found["openness, worst clip, r"] == 0.95
    assert found["blinks lost"] == 1
    assert found["blinks shifted, most, frames"] == 2
    assert values(clips[2])["blinks lost"] is None


def test_every_clip_by_itself() -> None:
    metrics = metrics_of([played("walk", 0.8, (Change(UP, 0.04, 0.05, 0.1),) * 6), played("run", 0.9)])
    found = {(one.subject, one.name): one.value for one in metrics}
    assert found["walk (40 px)", "gain at 10 deg, vertical"] == 0.8
    assert found["run (40 px)", "gain at 10 deg, vertical"] == 0.9
    assert found["walk (40 px)", "judge, vertical"] == pytest.approx(0.8)
    assert found["", "sharpness out / in, median"] == pytest.approx(0.95)


def test_up_and_down_are_judged_apart() -> None:
    """A lid that stays hides half of what goes up, and nothing of what goes down."""
    down = Angles(pitch=-10.0)
    seen = (*(Change(UP, 0.02, 0.05, 0.06),) * 5, *(Change(down, 0.05, 0.05, 0.06),) * 5)
    found = values(played("a", 1.0, seen))
    assert found["judge: read / rigid, up"] == pytest.approx(0.4)
    assert found["judge: read / rigid, down"] == pytest.approx(1.0)
    assert found["judge: read / rigid, vertical"] == pytest.approx(0.7)
