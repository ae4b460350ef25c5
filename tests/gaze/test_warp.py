import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from relay.frame import Frame, Plane
from relay.gaze.face import Field, Side
from relay.gaze.geometry import Patch, ellipse, nodes
from relay.gaze.warp import Placed, warp
from tests.clips import Clip, to_frame
from tests.gaze.faces import eye

GRID = (48, 64)
WHOLE: NDArray[np.float32] = np.ones(GRID, dtype=np.float32)


def field(x: float, y: float, mask: NDArray[np.float32] = WHOLE) -> Field:
    """The same step everywhere, eye widths."""
    return Field(np.full((*GRID, 2), (x, y), dtype=np.float32), mask)


def outside(shape: tuple[int, ...], patches: list[Patch], scale: float) -> NDArray[np.bool_]:
    """Which pixels of a plane are outside all ellipses, from the definition."""
    rows, columns = np.indices(shape)
    pixels = (np.stack([columns, rows], -1) + 0.5) / scale
    return np.asarray(np.logical_and.reduce([ellipse(patch.to_eye(pixels)) >= 1 for patch in patches]))


@pytest.mark.parametrize("size", [(640, 480), (641, 481), (359, 642)])
def test_decoded_frames_stay_bit_exact_outside_the_ellipses(size: tuple[int, int]) -> None:
    clip = Clip(width=size[0], height=size[1])
    frame = to_frame(clip.frame(3))
    right, left = clip.eyes(3)[0]
    patches = [
        Patch.of(eye(side, (seen.x, seen.y), seen.width)) for side, seen in ((Side.RIGHT, right), (Side.LEFT, left))
    ]
    warped = warp(frame, [Placed(patch, field(0.1, -0.2)) for patch in patches])
    for before, after, scale in zip(frame.planes, warped.planes, (1.0, 0.5, 0.5), strict=True):
        untouched = outside(before.shape, patches, scale)
        assert np.array_equal(before[untouched], after[untouched])
        assert not np.array_equal(before, after)


@pytest.mark.parametrize("size", [(640, 480), (641, 481)])
def test_strength_zero_is_the_identity(size: tuple[int, int]) -> None:
    frame = to_frame(Clip(width=size[0], height=size[1]).frame(0))
    patch = Patch.of(eye(centre=(300, 200)))
    assert warp(frame, [Placed(patch, field(0.2, 0.2), gain=0)]) is frame
    assert warp(frame, []) is frame


def test_no_flow_changes_no_byte() -> None:
    frame = to_frame(Clip().frame(0))
    warped = warp(frame, [Placed(Patch.of(eye(centre=(300.3, 200.7), width=47.3)), field(0, 0))])
    for before, after in zip(frame.planes, warped.planes, strict=True):
        assert np.array_equal(before, after)


def test_the_input_is_never_written_to() -> None:
    frame = to_frame(Clip().frame(0))
    before = [plane.copy() for plane in frame.planes]
    for plane in frame.planes:
        plane.setflags(write=False)
    warped = warp(frame, [Placed(Patch.of(eye(centre=(300, 200))), field(0.1, 0.1))])
    assert warped is not frame
    assert all(np.array_equal(was, plane) for was, plane in zip(before, frame.planes, strict=True))


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.uint8, (37, 51)),
    st.tuples(st.floats(-30, 80), st.floats(-30, 70)),
    st.floats(3, 120),
    st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
    st.sampled_from(list(Side)),
)
def test_any_patch_anywhere_leaves_the_rest_alone(
    y: Plane, centre: tuple[float, float], width: float, step: tuple[float, float], side: Side
) -> None:
    frame = Frame(y, y[:19, :26], y[:19, 1:27], time=0)
    patch = Patch.of(eye(side, centre, width))
    warped = warp(frame, [Placed(patch, field(*step))])
    for before, after, scale in zip(frame.planes, warped.planes, (1.0, 0.5, 0.5), strict=True):
        untouched = outside(before.shape, [patch], scale)
        assert np.array_equal(before[untouched], after[untouched])


def gradient() -> Frame:
    """Luma and chroma that encode their position: y = x, u = x at half size."""
    y = np.tile(np.arange(240, dtype=np.uint8), (160, 1))
    return Frame(y, np.ascontiguousarray(y[:80, ::2]), np.ascontiguousarray(y[:80, ::2]), time=0)


@pytest.mark.parametrize(("side", "sign"), [(Side.RIGHT, 1), (Side.LEFT, -1)])
def test_a_step_in_the_patch_is_that_many_eye_widths_in_every_plane(side: Side, sign: int) -> None:
    frame = gradient()
    patch = Patch.of(eye(side, (120, 80), 40))
    warped = warp(frame, [Placed(patch, field(0.25, 0))])
    assert warped.y[80, 120] == pytest.approx(int(frame.y[80, 120]) + sign * 10, abs=1)
    assert warped.u[40, 60] == pytest.approx(int(frame.u[40, 60]) + sign * 10, abs=1)


def test_gain_scales_the_step() -> None:
    frame = gradient()
    patch = Patch.of(eye(Side.RIGHT, (120, 80), 40))
    warped = warp(frame, [Placed(patch, field(0.25, 0), gain=0.5)])
    assert warped.y[80, 120] == pytest.approx(int(frame.y[80, 120]) + 5, abs=1)


def test_the_mask_blends_over_the_original() -> None:
    frame = gradient()
    patch = Patch.of(eye(Side.RIGHT, (120, 80), 40))
    warped = warp(frame, [Placed(patch, field(0.5, 0, np.float32(0.5) * WHOLE))])
    assert warped.y[80, 120] == pytest.approx(int(frame.y[80, 120]) + 10, abs=1)


def test_a_field_of_any_grid_covers_the_whole_patch() -> None:
    frame = to_frame(Clip().frame(0))
    patch = Patch.of(eye(centre=(300, 220), width=60))

    def bump(shape: tuple[int, int]) -> Field:
        flow = np.zeros((*shape, 2), dtype=np.float32)
        flow[..., 1] = 0.15 * np.clip(1 - ellipse(nodes(shape)), 0, 1)
        return Field(flow, np.ones(shape, dtype=np.float32))

    coarse, fine = (warp(frame, [Placed(patch, bump(shape))]).y.astype(float) for shape in ((48, 64), (96, 128)))
    assert np.abs(coarse - fine).max() < 12
    assert np.abs(coarse - fine).mean() < 0.02


def test_the_rest_shows_where_the_mask_is_zero() -> None:
    frame = to_frame(Clip().frame(0))
    patch = Patch.of(eye(centre=(300.3, 200.7), width=47.3))
    nothing = np.zeros(GRID, dtype=np.float32)
    step = np.full((*GRID, 2), (0.1, -0.05), dtype=np.float32)
    as_rest = warp(frame, [Placed(patch, Field(np.zeros_like(step), nothing, step))])
    as_flow = warp(frame, [Placed(patch, Field(step, WHOLE))])
    for before, after, expected in zip(frame.planes, as_rest.planes, as_flow.planes, strict=True):
        assert not np.array_equal(before, after)
        assert np.array_equal(after, expected)


@pytest.mark.parametrize("size", [(640, 480), (641, 481)])
def test_two_layers_leave_the_outside_alone_and_still_fields_change_nothing(size: tuple[int, int]) -> None:
    frame = to_frame(Clip(width=size[0], height=size[1]).frame(0))
    patch = Patch.of(eye(centre=(300.3, 200.7), width=61.3))
    half = np.full(GRID, 0.5, dtype=np.float32)
    step = np.full((*GRID, 2), (0.2, 0.1), dtype=np.float32)
    moved = warp(frame, [Placed(patch, Field(step, half, -step))])
    still = warp(frame, [Placed(patch, Field(step * 0, half, step * 0))])
    for before, after, unchanged, scale in zip(frame.planes, moved.planes, still.planes, (1.0, 0.5, 0.5), strict=True):
        untouched = outside(before.shape, [patch], scale)
        assert np.array_equal(before[untouched], after[untouched])
        assert np.array_equal(before, unchanged)


def test_light_is_added_to_the_luma_inside_the_ellipse_alone() -> None:
    frame = to_frame(Clip().frame(0))
    patch = Patch.of(eye(centre=(300.3, 200.7), width=61.3))
    still = np.zeros((*GRID, 2), dtype=np.float32)
    field = Field(still, WHOLE, still, np.full(GRID, 10 / 255, dtype=np.float32))
    shown, half = (warp(frame, [Placed(patch, field, gain)]) for gain in (1.0, 0.5))
    untouched = outside(frame.y.shape, [patch], 1.0)
    centre = int(patch.centre[1]), int(patch.centre[0])
    assert frame.y[centre] < 240
    assert shown.y[centre] == frame.y[centre] + 10
    assert half.y[centre] == frame.y[centre] + 5
    assert np.array_equal(frame.y[untouched], shown.y[untouched])
    assert np.array_equal(frame.u, shown.u)
    assert np.array_equal(frame.v, shown.v)


def test_light_ends_at_black_and_white() -> None:
    frame = to_frame(Clip().frame(0))
    patch = Patch.of(eye(centre=(300.3, 200.7), width=61.3))
    still = np.zeros((*GRID, 2), dtype=np.float32)
    centre = int(patch.centre[1]), int(patch.centre[0])
    for light, expected in ((1.0, 255), (-1.0, 0)):
        field = Field(still, WHOLE, still, np.full(GRID, light, dtype=np.float32))
        assert warp(frame, [Placed(patch, field)]).y[centre] == expected


def test_the_corners_of_one_eyes_box_leave_another_eye_alone() -> None:
    frame = to_frame(Clip().frame(0))
    first, second = (Patch.of(eye(centre=centre, width=60)) for centre in ((300, 220), (385, 275)))
    step = np.full((*GRID, 2), (0.2, 0.1), dtype=np.float32)
    one = Placed(first, Field(step, WHOLE * np.float32(0.5), -step))
    other = Placed(second, Field(step, WHOLE * np.float32(0.5), -step))
    both, alone = warp(frame, [one, other]), warp(frame, [one])
    assert first.box(1.0, frame.size)[2] > second.box(1.0, frame.size)[0], "the boxes do not overlap"
    for plane, expected, scale in zip(both.planes, alone.planes, (1.0, 0.5, 0.5), strict=True):
        elsewhere = outside(plane.shape, [second], scale)
        assert np.array_equal(plane[elsewhere], expected[elsewhere])
