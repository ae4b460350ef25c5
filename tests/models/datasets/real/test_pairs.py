from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.datasets.real import album, pairs
from models.datasets.real.album import Kind, Meta
from models.datasets.real.observations import Look
from models.datasets.real.pairs import Candidates, balanced, candidates_of, measure, mine, register_skin
from relay.gaze.face import Angles, Head
from tests.clips import Clip, write_mp4
from tests.looks import look

META = Meta("clip.mp4", "ada", Kind.VIDEO, ships=False, licence="")
UP, RIGHT = Angles(8, 0), Angles(0, 12)


def opened(one: Look, more: float) -> Look:
    """The same with lids that are reported to be farther open."""
    right, left = (replace(s, eye=replace(s.eye, openness=s.eye.openness + more)) for s in one.eyes)
    return Look(right, left)


def test_pairs_have_one_person_one_head_pose_and_two_gazes() -> None:
    looks = [
        look(),
        look(RIGHT),
        look(Angles(1, 1)),
        look(RIGHT, Head(0, 3.5, 0)),
        look(RIGHT, Head(0, 0, -3.5)),
        look(RIGHT, number=2),
    ]
    found = candidates_of(looks)
    # The portrait looks straight ahead; only the second and the third look go with another.
    assert found.moments.tolist() == [[0, 1], [1, 2]]
    np.testing.assert_allclose(found.turns, [[0, 12], [1, -11]], atol=0.3)


def test_every_bin_has_its_turn_and_the_stillest_heads_come_first() -> None:
    many = 200
    turns = np.array([[5.0, 0.0]] * many + [[0.0, 9.0]] * 5 + [[-20.0, 0.0]])
    moments = np.column_stack([np.arange(len(turns)), 1000 + np.arange(len(turns))])
    heads = np.linspace(2.9, 0, len(turns))
    order = balanced(Candidates(moments, turns, heads), seed=1)
    assert len(order) == len(turns)
    places = np.minimum(order[:, 0], order[:, 1])
    straight = order[:, 0] < 1000
    # Turned round, a turn to the right is one to the left: two bins of each.
    kinds = Counter((int(p >= many) + int(p >= many + 5), bool(s)) for p, s in zip(places[:5], straight, strict=False))
    assert set(kinds.values()) == {1}
    first = next(p for p in places if p < many)
    assert first > 0.4 * many
    assert 0.35 < straight.mean() < 0.65


@pytest.mark.parametrize("by", [RIGHT, UP, Angles(-6, -9)])
def test_a_turn_is_measured_in_both_eyes_and_back_again(by: Angles) -> None:
    there, back = measure(look(), look(by)), measure(look(by), look())
    assert there is not None
    assert back is not None
    for pair, sign in [(one, 1) for one in there] + [(one, -1) for one in back]:
        measured = np.array([pair.correction.pitch, pair.correction.yaw])
        np.testing.assert_allclose(measured, sign * np.array([by.pitch, by.yaw]), atol=1.2)


def test_eyes_that_disagree_or_hardly_turn_are_no_pair() -> None:
    first, second = look(), look(RIGHT)
    assert measure(first, second) is not None
    assert measure(first, Look(second.right, first.left)) is None
    assert measure(first, look(Angles(1, 1))) is None


def test_lids_that_go_against_the_eye_are_a_grimace() -> None:
    first, second = look(), look(UP)
    assert measure(first, opened(second, 0.1)) is not None
    assert measure(first, opened(second, -0.1)) is None


def test_other_skin_is_not_laid_on_this_one() -> None:
    first, second = look(), look(RIGHT)
    assert register_skin(first, second) is not None
    blind = cv2.flip(second.right.crop, 0)
    assert register_skin(first, Look(replace(second.right, crop=np.asarray(blind, np.uint8)), second.left)) is None


def test_an_album_holds_each_eye_once_and_some_that_are_shut() -> None:
    gazes = [Angles(), RIGHT, UP, Angles(0, -9)]
    looks = [look(gazes[at % 4], time=at) for at in range(12)]
    looks += [opened(look(time=13), -0.3), opened(look(time=14), -0.3), look(RIGHT, time=14.2)]
    made = mine(looks, META)
    assert 14.2 not in made.time.round(3)[made.pairs]  # its lids are moving
    assert len(made.pairs) >= 10
    assert np.bincount(made.pairs.ravel()).max() <= pairs.USES
    assert (made.side[made.pairs[:, 0]] == made.side[made.pairs[:, 1]]).all()
    keys = list(zip(made.time.tolist(), made.side.tolist(), strict=True))
    assert len(keys) == len(set(keys))
    assert (made.openness < 0.1).sum() == 2
    # The album's own numbers lead from the first eye to the second.
    for at, (first, second) in enumerate(made.pairs.tolist()):
        wanted = [gazes[int(made.time[place]) % 4] for place in (first, second)]
        turn = [wanted[1].pitch - wanted[0].pitch, wanted[1].yaw - wanted[0].yaw]
        np.testing.assert_allclose(made.correction[at], turn, atol=2)


def test_no_looks_make_an_empty_album() -> None:
    assert len(mine([], META)) == 0


def test_a_video_becomes_an_album_once(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = write_mp4(Clip(seconds=2, blinks=(1.0,)))
    arguments = ["--out", str(tmp_path), "--every", "3", "--ships", "--model", str(model), str(video)]
    assert pairs.main(arguments) is None
    path = tmp_path / f"{video.stem}.npz"
    made = album.read(path)
    assert made.meta == Meta(video.name, video.stem, Kind.VIDEO, ships=True, licence="not stated")
    assert len(made) > 8
    assert len(made.pairs) == 0  # one moving photograph: the gaze does not change
    before = path.stat().st_mtime_ns
    assert pairs.main(arguments) is None
    assert path.stat().st_mtime_ns == before
    assert video.stem in capsys.readouterr().out


def test_what_is_no_video_is_named(tmp_path: Path) -> None:
    path = tmp_path / "note.mp4"
    path.write_text("not a video")
    assert str(path) in (pairs.main(["--out", str(tmp_path), str(path)]) or "")
