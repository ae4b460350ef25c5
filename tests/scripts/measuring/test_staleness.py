import json
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from relay.gaze.corrector import compute
from relay.gaze.face import Angles, Faces
from relay.gaze.geometric import Outline, geometric_field, turn
from relay.gaze.geometry import Patch
from relay.gaze.tracking.landmarks import Landmarker
from scripts.measuring import staleness
from scripts.measuring.ages.ageing import VARIANTS, Cost, History, Reading
from scripts.measuring.ages.bars import Ages, Evidence, propose
from scripts.measuring.ages.heatmap import outline
from scripts.measuring.ages.landing import land
from scripts.measuring.ages.motions import Motion, Tracks, name_motion
from scripts.measuring.ages.sequences import Scene, Take, drawn, glance, lid
from tests.gaze.faces import eye, face, faces, moved

SMALL = (320, 240)
OFF, VELOCITY, FLOW, GUARDED = range(4)
NOWHERE = np.zeros(2)


def walk(step: float, count: int = 12) -> list[Faces]:
    """A face with eyes of 40 pixels that moves so many pixels to the right in each frame."""
    return [faces(moved(face(), (step * number, 0)), time=number / 30) for number in range(count)]


@pytest.mark.parametrize(
    ("step", "motion"), [(0.1, Motion.STILL), (0.7, Motion.SLOW), (2.0, Motion.BRISK), (5.0, Motion.FAST)]
)
def test_a_head_is_called_by_its_speed_in_eye_widths_a_second(step: float, motion: Motion) -> None:
    assert name_motion(Tracks.of(walk(step)), 30, 11, 6) is motion


def test_a_head_that_has_just_come_to_rest_still_counts_as_moving() -> None:
    track = walk(2.0, 8)
    track += [replace(track[-1], time=(8 + number) / 30) for number in range(10)]
    tracks = Tracks.of(track)
    assert [name_motion(tracks, 30, at, 6) for at in (10, 17)] == [Motion.BRISK, Motion.STILL]


def test_a_glance_and_a_blink_are_named_for_as_long_as_they_lie_in_the_window() -> None:
    away = replace(face(), right=eye(centre=(160, 150), look=(0.1, 0)))
    dozing = face(openness=0.1)
    for other, motion in ((away, Motion.GLANCE), (dozing, Motion.BLINK)):
        tracks = Tracks.of([faces(face() if number != 10 else other) for number in range(40)])
        named = [at for at in range(6, 40) if name_motion(tracks, 30, at, 6) is motion]
        assert named[0] == 10
        assert named[-1] in {16, 17}  # the way back is a glance as well


def test_a_head_that_tilts_does_not_glance() -> None:
    def tilt(angle: float) -> Faces:
        turned = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        one = face()
        eyes = [
            replace(each, **{name: (getattr(each, name) - 200) @ turned + 200 for name in ("corners", "iris")})
            for each in (eye(centre=(160, 150), look=(0.2, 0)), one.left)
        ]
        return faces(replace(one, right=eyes[0], left=eyes[1]))

    tracks = Tracks.of([tilt(0.0), tilt(0.6)])
    assert np.allclose(tracks.iris[0], tracks.iris[1], atol=1e-3)


def test_a_frame_before_which_the_face_was_lost_has_no_name() -> None:
    track = walk(0.0)
    track[7] = replace(track[7], faces=())
    tracks = Tracks.of(track)
    assert [name_motion(tracks, 30, at, 3) for at in (2, 6, 7, 10, 11)] == [
        None,
        Motion.STILL,
        None,
        None,
        Motion.STILL,
    ]


@pytest.mark.parametrize("aim", [Angles(10, 0), Angles(0, -12), Angles(-5, 5)])
def test_a_field_is_followed_to_where_it_takes_the_iris(aim: Angles) -> None:
    one = eye(openness=0.4)
    patch = Patch.of(one)
    field = geometric_field(Outline.of(one, patch), patch.aim(aim))
    step = patch.basis @ turn(patch.aim(aim), one.iris_radius / patch.width)
    whole, half = (land(one, NOWHERE, patch, [field], gain).iris[0] - one.iris for gain in (1.0, 0.5))
    assert whole == pytest.approx(step, abs=0.03)
    assert 0.3 < np.hypot(*half) / np.hypot(*step) < 0.7


def test_a_field_that_lies_beside_the_eye_moves_nothing_of_it() -> None:
    one = eye()
    patch = Patch.of(one)
    field = geometric_field(Outline.of(one, patch), Angles(10, 0))
    beside = replace(patch, centre=patch.centre + np.array([0, 200]))
    landed, own = (land(one, NOWHERE, place, [field, field], 1.0) for place in (beside, patch))
    assert landed.iris == pytest.approx(np.array([one.iris, one.iris]))
    assert (own.lids_off(landed) > 1).all()
    assert own.opening_off(own) == pytest.approx([0, 0])


def test_the_landmarks_of_a_known_sequence_are_where_the_landmark_model_sees_them(model: Path) -> None:
    take = brisk()
    landmarker = Landmarker(model)
    (found,) = landmarker(take.frames[10]).faces
    landmarker.close()
    (known,), (before,) = take.faces[10].faces, take.faces[0].faces
    assert np.hypot(*(known.right.corners[0] - before.right.corners[0])) > 10
    for seen, true in zip(found.eyes, known.eyes, strict=True):
        assert np.abs(seen.corners - true.corners).max() < 2.5
        assert np.abs(seen.iris - true.iris).max() < 1.5


def test_a_picture_is_drawn_where_its_landmarks_are_carried_to() -> None:
    still = np.zeros((80, 80, 3), np.uint8)
    still[36:44, 20:28] = 200
    place = np.array([[0.0, -0.5, 50.0], [0.5, 0.0, 6.0]])
    shown = drawn(still, place, (64, 48))[..., 0].astype(float)
    rows, columns = np.indices(shown.shape) + 0.5
    middle = [(shown * axis).sum() / shown.sum() for axis in (columns, rows)]
    assert middle == pytest.approx(place[:, :2] @ (24, 40) + place[:, 2], abs=0.05)


def test_a_glance_of_a_known_sequence_moves_iris_and_picture_alike(model: Path) -> None:
    scene = Scene("glances", glances=True, seconds=0.8)
    assert glance(0.3) == Angles()
    assert glance(0.75) == Angles(0, 12)
    take = scene.take()
    landmarker = Landmarker(model)
    seen = [landmarker(take.frames[at]).faces[0] for at in (10, 22)]
    landmarker.close()
    known = [take.faces[at].faces[0] for at in (10, 22)]
    for number in range(2):
        true, found = ((after.eyes[number].iris - before.eyes[number].iris)[0] for before, after in (known, seen))
        assert true > 2.5
        assert 0.4 < found / true < 1.3  # the landmark model underestimates a turned iris


def test_a_known_sequence_blinks_and_says_so() -> None:
    assert [lid(time) for time in (0.0, 0.35, 0.65, 0.7)] == pytest.approx([1, 0, 0.5, 1])
    take = Scene("blinks", blinks=True, seconds=0.4).take()
    openness = [found.faces[0].right.openness for found in take.faces]
    assert openness[0] == 0
    assert openness[8] > 0.15


@cache
def brisk() -> Take:
    """A head that moves briskly."""
    return Scene("brisk", speed=2.0, seconds=0.4, size=SMALL, eye_width=30).take()


@pytest.fixture(scope="module")
def readings() -> list[Reading]:
    """Up to two frames old."""
    take = brisk()
    return History(take, compute, Angles(8, 0), most=2).readings(3)


def test_what_is_of_the_frame_itself_costs_nothing(readings: list[Reading]) -> None:
    assert len(readings) == 2 * len(range(2, 12, 3))
    for one in readings:
        assert one.costs.shape == (len(VARIANTS), 3, 3, len(Cost))
        assert not one.costs[:, 0, 0, : Cost.TOUCHED].any()
        assert one.costs[:, 0, 0, Cost.TOUCHED].min() > 1


def test_stale_landmarks_cost_less_where_they_are_carried_along(readings: list[Reading]) -> None:
    fastest = max(readings, key=lambda one: one.costs[OFF, 2, 0, Cost.PLACE])
    off, velocity, flow = (fastest.costs[variant, 2, 2] for variant in (OFF, VELOCITY, FLOW))
    assert 0.08 < off[Cost.PLACE] < 0.14  # two thirtieths of a second at up to 2 eye widths a second
    assert off[Cost.PLACE_PX] == pytest.approx(off[Cost.PLACE] * fastest.width, rel=0.01)
    assert velocity[Cost.PLACE] < 0.9 * off[Cost.PLACE]
    assert flow[Cost.PLACE] < 0.2 * off[Cost.PLACE]
    assert flow[Cost.GREY] < 0.3 * off[Cost.GREY]
    assert flow[Cost.IRIS] < 0.5 * off[Cost.IRIS]


def test_a_field_from_before_a_glance_shows_and_one_from_after_it_does_not() -> None:
    take = Scene("glances", glances=True, seconds=0.75, size=SMALL).take()  # the eyes jump in frames 17 and 18, of 22
    for one in History(take, compute, Angles(8, 0), most=4).readings(17)[-2:]:
        assert one.motion is Motion.GLANCE
        assert not one.costs[OFF, 0, :4, Cost.GREY].any()
        assert one.costs[OFF, 0, 4, Cost.GREY] > 0.02


def test_a_field_laid_over_lids_that_have_come_down_is_found_out_unless_it_is_held_back() -> None:
    take = Scene("blinks", blinks=True, seconds=0.8, size=SMALL).take()
    history = History(take, compute, Angles(8, 0), most=4, guard=lambda *_: {1: (0.0, 0.0)})
    shut = [one for one in history.readings(2) if one.is_shut]
    assert shut
    assert all(one.motion is Motion.BLINK for one in shut)
    worst = {variant: max(float(one.costs[variant, 4, 4, Cost.LIDS]) for one in shut) for variant in (FLOW, GUARDED)}
    assert worst[FLOW] > 0.005
    assert worst[GUARDED] < 1e-6


def reading(motion: Motion, iris: float, lids: float = 0.0, is_shut: bool = False) -> Reading:
    """iris: what it costs a landmark to be one frame older, eye widths; a field costs a tenth of that."""
    costs = np.zeros((1, 7, 7, len(Cost)), np.float32)
    ages = np.arange(7)
    costs[0, ..., Cost.IRIS] = iris * (ages[:, None] + ages / 10)
    costs[0, ..., Cost.LIDS] = lids * ages[:, None]
    return Reading(motion, is_shut, 40.0, 0.22, costs)


def test_the_bar_is_what_eye_contact_forgives_and_the_oldest_that_pass_are_proposed() -> None:
    calm, lively = [reading(Motion.STILL, 0.0)] * 30, [reading(Motion.BRISK, 0.002)] * 30
    evidence = Evidence("made up", [*calm, *lively])
    assert evidence.contact == pytest.approx(1.78 * 0.22 * np.sin(np.radians(1.2)))
    assert propose([Evidence("calm", calm)], 0) == Ages(6, 6)
    assert propose([Evidence("calm", calm), evidence], 0) == Ages(3, 6)
    fast = Evidence("fast", [*lively, *[reading(Motion.FAST, 1.0)] * 30])
    assert propose([fast], 0) == Ages(3, 6)
    glances = Evidence("glances", [*lively, *[reading(Motion.GLANCE, 1.0)] * 30])
    assert propose([glances], 0) == Ages(0, 0)
    assert propose([replace(glances, known=False)], 0) == Ages(3, 6)


def test_a_patch_that_lies_beside_the_eye_fails_where_the_truth_is_known() -> None:
    one = reading(Motion.SLOW, 0.0)
    one.costs[..., Cost.PLACE] = 0.02 * np.arange(7)[:, None]
    assert propose([Evidence("known", [one] * 30)], 0) == Ages(2, 6)
    films = Evidence("films", [one] * 30, known=False)
    assert [propose([held], 0) for held in (films, films.strict)] == [Ages(6, 6), Ages(2, 6)]


def test_ages_are_proposed_that_all_smaller_ones_pass_with() -> None:
    one = reading(Motion.STILL, 0.0)
    one.costs[0, 2, 4, Cost.IRIS] = 1.0
    assert propose([Evidence("a hole", [one] * 30)], 0) == Ages(3, 3)


def test_one_reading_of_twenty_may_be_beyond_the_bar() -> None:
    good, bad = reading(Motion.STILL, 0.0), reading(Motion.STILL, 1.0)
    assert propose([Evidence("one", [*[good] * 29, bad])], 0) == Ages(6, 6)
    assert propose([Evidence("three", [*[good] * 27, *[bad] * 3])], 0) == Ages(0, 0)


def test_a_lid_that_is_opened_counts_where_eyes_are_shut_and_a_few_readings_say_nothing() -> None:
    calm = [reading(Motion.STILL, 0.0)] * 30
    shut = [reading(Motion.BLINK, 0.0, lids=0.004, is_shut=True)] * 30
    assert propose([Evidence("shut", [*calm, *shut])], 0) == Ages(2, 6)
    assert propose([Evidence("open", [*calm, *(replace(one, is_shut=False) for one in shut)])], 0) == Ages(6, 6)
    assert propose([Evidence("few", [*calm, *shut[:5]])], 0) == Ages(6, 6)


def test_the_line_in_the_picture_runs_between_what_passes_and_what_does_not() -> None:
    inside = np.array([[True, True], [True, False]])
    assert outline(inside) == [((0.5, 0.5), (1.5, 0.5)), ((0.5, 0.5), (0.5, 1.5))]
    assert outline(np.ones((3, 3), bool)) == []


def test_the_command_prints_tables_and_one_json_line_and_draws_a_heat_map(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "new" / "ages.png"
    flags = ["--seconds", "0.5", "--most", "2", "--every", "6", "--field", "geometric"]
    monkeypatch.setattr(staleness, "SCENES", (Scene("brisk", speed=2.5, size=SMALL),))
    monkeypatch.setattr(sys, "argv", ["staleness", *flags, "--out", str(picture)])
    staleness.main()
    lines = capsys.readouterr().out.splitlines()
    measured = json.loads(lines[-1])
    assert measured["measured"] == "staleness"
    known, conclusion = measured["runs"]
    assert set(conclusion["proposed"]) == {"landmarks", "field"}
    brisk = [case for case in known["cases"] if case["motion"] == "brisk"]
    assert [case["variant"] for case in brisk] == [variant.name for variant in VARIANTS]
    assert np.shape(brisk[0]["iris_pct_p95"]) == (3, 3)
    assert any(line.startswith("brisk, flow") for line in lines)
    drawn = cv2.imread(str(picture))
    assert drawn is not None
    assert drawn.shape[0] > 300


def test_a_folder_without_films_is_said_to_be_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staleness, "SCENES", ())
    monkeypatch.setattr(sys, "argv", ["staleness", "--clips", str(tmp_path)])
    with pytest.raises(SystemExit, match="known sequences, real films"):
        staleness.main()
