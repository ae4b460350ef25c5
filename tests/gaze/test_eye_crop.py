from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from relay.frame import Frame, Plane, Rotation
from relay.gaze.eye_crop import crop_eye, maps, picture
from relay.gaze.face import Eye, Points, Side
from relay.gaze.geometry import Patch, nodes
from relay.gaze.spec import CORNER_DISTANCE, GRID
from tests.clips import Clip, to_frame
from tests.gaze.faces import eye

Real = NDArray[np.float64]
Look = Callable[[Real, Real], Real]  # eye coordinates x, y -> brightness, 0..255

LEVEL = 1 / 219  # one step of luma, in the network's input
SCALES = 1.0, 0.5, 0.5
SHAPES = (300, 400), (150, 200), (150, 200)  # of the planes

sides = st.sampled_from(list(Side))
turns = st.floats(-180, 180)
centres = st.tuples(st.floats(180, 220), st.floats(130, 170))


def moved(one: Eye, move: Callable[[Points], Points]) -> Eye:
    """The eye with each of its points moved."""
    corners, upper, lower, iris = (move(points) for points in (one.corners, one.upper, one.lower, one.iris))
    return replace(one, corners=corners, upper=upper, lower=lower, iris=iris)


def turned(one: Eye, turn: float) -> Eye:
    """The eye, rotated by so many degrees around its centre."""
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    matrix = np.array([[cos, -sin], [sin, cos]], np.float32)
    middle = one.corners.mean(0)
    return moved(one, lambda points: (points - middle) @ matrix.T + middle)


def places(shape: tuple[int, int], scale: float) -> Real:
    """(rows, columns, 2) the centre of each pixel of a plane, in pixels of the frame."""
    rows, columns = np.indices(shape)
    return np.asarray((np.stack([columns, rows], -1) + 0.5) / scale)


def frame_of(planes: Iterable[Plane], rotation: Rotation = 0) -> Frame:
    y, u, v = planes
    return Frame(y, u, v, time=0, rotation=rotation)


def painted(patch: Patch, looks: Sequence[Look]) -> Frame:
    """A frame whose planes are functions of this eye's own coordinates."""
    planes = []
    for look, shape, scale in zip(looks, SHAPES, SCALES, strict=True):
        at = patch.to_eye(places(shape, scale))
        planes.append(np.clip(np.rint(look(at[..., 0], at[..., 1])), 0, 255).astype(np.uint8))
    return frame_of(planes)


def grey(y: Plane) -> Frame:
    """A frame of this luma, without colour."""
    return frame_of([y, *(np.full(shape, 128, np.uint8) for shape in SHAPES[1:])])


def levels(crop: NDArray[np.float32]) -> NDArray[np.float32]:
    """(3, 48, 64) as the network's input -> the plane values, not rounded."""
    luma, *chroma = crop
    return np.stack([luma * 219 + 16, *(plane * 224 + 128 for plane in chroma)])


def across(x: Real, y: Real) -> Real:
    return 128 + 90 * x


def down(x: Real, y: Real) -> Real:
    return 128 + 90 * y


@given(sides, centres, st.floats(16, 70), turns)
def test_a_turned_or_mirrored_eye_is_cut_out_upright(
    side: Side, centre: tuple[float, float], width: float, turn: float
) -> None:
    """Luma and chroma, along both axes, equal the functions of the eye's own coordinates."""
    patch = Patch.of(turned(eye(side, centre, width), turn))
    at = nodes(GRID).astype(np.float64)
    for looks in ((across, down, across), (down, across, down)):
        found = levels(picture(painted(patch, looks), patch))
        for plane, look in zip(found, looks, strict=True):
            # Bytes are rounded twice, and OpenCV interpolates at a 32nd of a pixel.
            assert np.abs(plane - look(at[..., 0], at[..., 1])).max() < 1.5 + 90 / min(width, CORNER_DISTANCE) / 16


@given(sides, centres, st.floats(72, 112), turns)
def test_a_large_eye_is_cut_out_upright_too(side: Side, centre: tuple[float, float], width: float, turn: float) -> None:
    patch = Patch.of(turned(eye(side, centre, width), turn))
    at = nodes(GRID).astype(np.float64)
    looks = (across, down, across)
    found = levels(picture(painted(patch, looks), patch))
    for plane, look in zip(found, looks, strict=True):
        assert np.abs(plane - look(at[..., 0], at[..., 1])).max() < 4


@pytest.mark.parametrize("width", [30.0, 60.0, 120.0])
@pytest.mark.parametrize("turn", [0.0, 17.0, -40.0, 180.0])
@pytest.mark.parametrize("side", list(Side))
def test_the_corners_lie_where_the_spec_draws_them(side: Side, turn: float, width: float) -> None:
    one = turned(eye(side, (200.3, 150.6), width), turn)
    patch = Patch.of(one)
    for corner, wanted in zip(one.corners, ((14, 24), (50, 24)), strict=True):
        distance = np.hypot(*np.moveaxis(places(SHAPES[0], 1) - corner, -1, 0))
        y = (16 + 200 * np.exp(-((distance / (0.06 * width)) ** 2))).astype(np.uint8)
        spot = picture(grey(y), patch)[0]
        spot[spot < 0.1] = 0
        rows, columns = np.indices(GRID)
        found = [float((spot * (axis + 0.5)).sum() / spot.sum()) for axis in (columns, rows)]
        assert found == pytest.approx(wanted, abs=0.15)


def test_bytes_become_what_the_network_takes() -> None:
    patch = Patch.of(eye(centre=(200, 150)))
    for values, wanted in (((16, 128, 128), (0, 0, 0)), ((235, 16, 240), (1, -0.5, 0.5))):
        frame = frame_of(np.full(shape, value, np.uint8) for shape, value in zip(SHAPES, values, strict=True))
        found = picture(frame, patch)
        assert found.shape == (3, *GRID)
        assert found.dtype == np.float32
        for plane, value in zip(found, wanted, strict=True):
            assert plane == pytest.approx(value, abs=1e-6)


def test_fine_detail_of_a_large_eye_is_averaged() -> None:
    """Without averaging, noise would keep its amplitude and stripes would alias."""
    patch = Patch.of(eye(centre=(200, 150), width=120))
    random = np.random.default_rng(0)
    grain = np.clip(128 + 40 * random.standard_normal(SHAPES[0]), 0, 255).astype(np.uint8)
    stripes = np.tile(np.array([28, 228], np.uint8), (SHAPES[0][0], SHAPES[0][1] // 2))
    for y, most in ((grain, 40 / 2.5), (stripes, 100 / 2.5)):
        luma = levels(picture(grey(y), patch))[0]
        assert luma.std() < most
        assert luma.mean() == pytest.approx(128, abs=3)


@given(
    st.tuples(st.floats(-60, 460), st.floats(-60, 360)),
    st.floats(16, 70),
    sides,
    st.floats(-45, 45),
)
def test_outside_the_frame_its_border_goes_on(
    centre: tuple[float, float], width: float, side: Side, turn: float
) -> None:
    rows, columns = np.indices(SHAPES[0])
    y = (128 + 60 * np.sin(columns / 9) + 60 * np.cos(rows / 7)).astype(np.uint8)
    planes = y, np.ascontiguousarray(y[::2, ::2]), np.ascontiguousarray(255 - y[::2, ::2])
    margin = 400
    wide = frame_of(
        np.pad(plane, int(margin * scale), mode="edge") for plane, scale in zip(planes, SCALES, strict=True)
    )
    here = Patch.of(turned(eye(side, centre, width), turn))
    there = replace(here, centre=here.centre + margin)
    assert np.abs(picture(frame_of(planes), here) - picture(wide, there)).max() < 3 * LEVEL


@pytest.mark.parametrize("width", [48.0, 120.0])
@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_picture_stored_on_its_side_gives_the_same_eye(rotation: Rotation, width: float) -> None:
    clip = Clip(eye_width=width)
    frame, seen = to_frame(clip.frame(5)), clip.eyes(5)[0][0]
    upright = turned(eye(Side.RIGHT, (seen.x, seen.y), seen.width), 5)
    lying = frame_of((np.ascontiguousarray(np.rot90(plane, rotation // 90)) for plane in frame.planes), rotation)

    def store(points: Points) -> Points:
        (x, y), (width, height) = points.T, frame.size
        back = {90: (y, width - x), 180: (width - x, height - y), 270: (height - y, x)}
        return np.array(back[rotation], np.float32).T

    stored = moved(upright, store)
    before = crop_eye(frame, upright, Patch.of(upright))
    after = crop_eye(lying, stored, Patch.of(stored, rotation))
    assert np.abs(after.picture - before.picture).max() < 8 * LEVEL
    assert np.abs(after.picture - before.picture).mean() < LEVEL
    assert np.abs(after.maps - before.maps).max() < 0.1
    assert after.radius == pytest.approx(before.radius)


def test_the_left_eye_of_a_mirrored_picture_is_the_right_eye() -> None:
    clip = Clip()
    frame, seen = to_frame(clip.frame(5)), clip.eyes(5)[0][0]
    right = eye(Side.RIGHT, (seen.x, seen.y), seen.width, look=(0.05, 0.02))
    left = eye(Side.LEFT, (frame.width - seen.x, seen.y), seen.width, look=(-0.05, 0.02))
    mirrored = frame_of(np.ascontiguousarray(plane[:, ::-1]) for plane in frame.planes)
    before, after = crop_eye(frame, right, Patch.of(right)), crop_eye(mirrored, left, Patch.of(left))
    assert np.abs(after.picture - before.picture).max() < 4 * LEVEL
    assert np.abs(after.maps - before.maps).max() < 0.02


@given(sides, st.floats(16, 150), turns, st.floats(-0.2, 0.2), st.floats(-0.05, 0.05))
def test_the_first_map_is_the_disc_of_the_iris(side: Side, width: float, turn: float, x: float, y: float) -> None:
    towards_nose = 1 if side is Side.RIGHT else -1
    one = turned(eye(side, (200, 150), width, look=(towards_nose * x, y)), turn)
    disc = maps(one, Patch.of(one))[0]
    radius = one.iris_radius / one.width * CORNER_DISTANCE
    rows, columns = np.indices(GRID)
    middle = [float((disc * (axis + 0.5)).sum() / disc.sum()) for axis in (columns, rows)]
    assert disc.sum() == pytest.approx(np.pi * radius**2, rel=0.02)
    assert middle == pytest.approx((32 + CORNER_DISTANCE * x, 24 + CORNER_DISTANCE * y), abs=0.05)
    assert (disc.min(), disc.max()) == (0, 1)


@given(sides, st.floats(16, 150), turns, st.floats(0.1, 0.5))
def test_the_second_map_is_what_the_lids_leave_open(side: Side, width: float, turn: float, openness: float) -> None:
    one = turned(eye(side, (200, 150), width, openness), turn)
    opening = maps(one, Patch.of(one))[1]
    around = Patch.of(one).to_eye(np.vstack([one.corners[0], one.upper, one.corners[1], one.lower[::-1]]))
    x, y = around.T * CORNER_DISTANCE
    area = abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2
    rim = np.hypot(x - np.roll(x, 1), y - np.roll(y, 1)).sum()
    assert area < opening.sum() < area + rim  # OpenCV draws the line around it too, within a pixel
    assert (opening.min(), opening.max()) == (0, 1)
    assert not opening[:, [0, -1]].any()
    assert opening[24, 32] == 1


@given(st.floats(-0.1, 0.02))
def test_a_closed_eye_is_a_line_at_most(openness: float) -> None:
    one = eye(openness=openness)
    found = crop_eye(painted(Patch.of(one), (across, down, across)), one, Patch.of(one))
    assert np.isfinite(found.maps).all()
    assert found.maps[1].sum() < 4 * CORNER_DISTANCE


def test_a_patch_beside_the_eye_shifts_picture_and_maps_alike() -> None:
    one = eye(centre=(200, 150), width=36)
    patch = Patch.of(one)
    beside = replace(patch, centre=patch.centre + np.array([3, -2]))
    frame = painted(patch, (across, down, across))
    there, here = crop_eye(frame, one, beside), crop_eye(frame, one, patch)
    np.testing.assert_allclose(there.picture[0, :, :-3], here.picture[0, :, 3:], atol=2 * LEVEL)
    np.testing.assert_allclose(there.maps[:, 2:, :-3], here.maps[:, :-2, 3:], atol=0.02)
    assert there.radius == here.radius
