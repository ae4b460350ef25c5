import numpy as np
import pytest

from models.datasets import samples
from models.datasets.degrade import Camera
from models.datasets.kinds import Kind
from models.datasets.real.album import Album
from models.datasets.samples import labels_at
from models.datasets.synthetic import labels
from models.datasets.synthetic.labels import Layer
from models.datasets.synthetic.scenes import Scene
from relay.gaze.face import Side
from relay.gaze.geometry import Patch, nodes
from relay.gaze.spec import CORNER_DISTANCE, GRID

SIDES = list(Side)


@pytest.fixture(autouse=True)
def _perfect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera and landmarks without errors, so that samples can be compared with the ground truth."""
    monkeypatch.setattr(Camera, "draw", lambda random, widest=72.0: Camera(min(36.0, widest)))
    monkeypatch.setattr(samples, "add_landmark_error", lambda eye, scale, random: eye)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def awake(scene: Scene) -> tuple[int, int]:
    """Two pictures with open eyes whose gazes differ most."""
    there = np.flatnonzero(scene.truths["closed"] < 0.25)
    pairs = [(int(one), int(other)) for one in there for other in there if one != other]
    return max(
        pairs, key=lambda pair: float(np.hypot(*(scene.truths["gaze"][pair[1], 0] - scene.truths["gaze"][pair[0], 0])))
    )


@pytest.mark.parametrize("side", SIDES)
def test_labels_at_nodes_are_those_of_the_whole_picture(rendered: list[Scene], side: Side) -> None:
    scene = rendered[0]
    source, target = awake(scene)
    patch = Patch.of(scene.eye(source, side))
    flow, valid, layer = labels_at(scene.surfaces, source, target, patch)
    whole, whole_valid, whole_layer = labels.flow(scene.surfaces, source, target)
    x, y = np.floor(patch.to_pixels(nodes(GRID))).astype(int).transpose(2, 0, 1)
    inside = (x >= 0) & (y >= 0) & (x < whole.shape[1]) & (y < whole.shape[0])
    x, y = np.where(inside, x, 0), np.where(inside, y, 0)
    assert np.array_equal(layer[inside], whole_layer[y, x][inside])
    expected = whole[y, x] @ patch.inverse.T
    apart = np.hypot(*(flow.transpose(1, 2, 0) - expected)[inside].T)
    assert np.quantile(apart, 0.99) < 2e-3
    assert apart.max() < 0.015, "where a lid folds, the point looked up may be another"
    assert (valid == whole_valid[y, x])[inside].mean() > 0.97, "the point looked up differs by less than a pixel"


@pytest.mark.parametrize("side", SIDES)
def test_a_rendered_pair_asks_for_what_its_target_shows(rendered: list[Scene], side: Side) -> None:
    """The flow moves the iris by the aim; where the flow is known it warps the source to the target."""
    scene = rendered[0]
    source, target = awake(scene)
    sample = samples.synthetic(scene, side, source, target, rng())
    assert sample.kind is Kind.SYNTHETIC
    x = np.arange(GRID[1])[None] + sample.flow[0] * CORNER_DISTANCE
    y = np.arange(GRID[0])[:, None] + sample.flow[1] * CORNER_DISTANCE
    columns, rows = (np.clip(np.round(one), 0, most - 1).astype(int) for one, most in ((x, GRID[1]), (y, GRID[0])))
    known = (sample.ball + sample.cover > 0) & (np.hypot(*sample.flow) > 1.5 / CORNER_DISTANCE)
    made, wanted, before = (one[:, known] for one in (sample.picture[:, rows, columns], sample.wanted, sample.picture))
    assert np.abs(made - wanted).mean() < 0.6 * np.abs(before - wanted).mean()
    iris = np.isin(labels_at(scene.surfaces, source, target, Patch.of(scene.eye(source, side)))[2], (Layer.IRIS,))
    step = -np.median(sample.flow[:, iris & (sample.ball > 0)], axis=1)
    asked = np.array([np.sin(np.radians(sample.aim.yaw)), -np.sin(np.radians(sample.aim.pitch))]) * 1.78 * sample.radius
    assert float(step @ asked) / float(asked @ asked) == pytest.approx(1, abs=0.3)


def test_left_and_right_eyes_look_alike(rendered: list[Scene]) -> None:
    """Mirrored to one side: a turn to the picture's right is nosewards in a right eye, outwards in a left one."""
    scene = rendered[0]
    source, target = awake(scene)
    right, left = (samples.synthetic(scene, side, source, target, rng()) for side in SIDES)
    assert np.sign(right.aim.yaw) == -np.sign(left.aim.yaw)
    assert right.aim.pitch == pytest.approx(left.aim.pitch, abs=4)


def test_shut_eyes_stay(rendered: list[Scene]) -> None:
    scene = next(one for one in rendered if (one.truths["closed"] > 0.9).any())
    shut = int(np.argmax(scene.truths["closed"]))
    sample = samples.synthetic(scene, Side.RIGHT, shut, shut, rng())
    assert sample.still
    assert not sample.flow.any()
    assert np.abs(sample.picture - sample.wanted).max() == 0
    assert (sample.aim.pitch, sample.aim.yaw) != (0, 0), "at any aim"


def test_real_pairs_go_both_ways(album: Album) -> None:
    there, back = (samples.pair(album, 0, way, rng()) for way in (False, True))
    assert there.kind is Kind.PAIR
    assert there.aim.pitch == pytest.approx(-back.aim.pitch, abs=0.5)
    assert there.aim.yaw == pytest.approx(-back.aim.yaw, abs=0.5)
    assert not there.ball.any(), "a photograph has no known flow"
    assert np.abs(there.wanted - back.picture).mean() < 0.05, "one's target is the other's source, up to the landmarks"


def test_the_targets_skin_lies_where_the_sources_does(album: Album) -> None:
    sample = samples.pair(album, 0, False, rng())
    skin = np.ones(GRID, dtype=bool)
    skin[10:38, 8:56] = False
    assert np.abs(sample.picture - sample.wanted)[:, skin].mean() < 0.02


def test_unlabelled_eyes_have_no_target(album: Album) -> None:
    sample = samples.unlabelled(album, 0, rng())
    assert sample.kind is Kind.UNLABELLED
    assert not sample.wanted.any()
    shut = int(np.argmin(album.openness))
    assert samples.unlabelled(album, shut, rng()).still
    assert samples.unlabelled(album, shut, rng()).cover.all(), "that it stays is known everywhere"


def test_landmarks_say_what_lies_surely_inside_and_outside_the_lids(album: Album) -> None:
    sample = samples.pair(album, 0, False, rng())
    inside, outside = sample.shows > 0, (sample.known > 0) & (sample.shows == 0)
    assert inside.any()
    assert (sample.opening[inside] > 0.5).all()
    assert not sample.opening[outside].any()
    assert 0.02 < 1 - sample.known.mean() < 0.2, "the lids themselves are uncertain"
