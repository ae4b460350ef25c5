import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from relay.config.correction import Correction
from relay.config.engine import Engine
from relay.gaze.corrector import Corrector
from relay.gaze.face import Field
from relay.gaze.geometry import Patch, ellipse
from relay.gaze.spec import GRID
from relay.gaze.warp import Placed, warp
from relay.gaze.wire.quantise import (
    ABSENT,
    LAYER_FORMATS,
    LayerFormat,
    from_bytes,
    interpolation,
    length_of,
    shapes_for,
    to_bytes,
)
from tests.clips import Clip, to_frame

FLOW, REST, MASK, LIGHT = LAYER_FORMATS
Layer = NDArray[np.float32]


def round_trip(*fields: Field) -> list[Field]:
    """These fields after encoding and decoding in one packet."""
    shapes = shapes_for(fields)
    return [from_bytes(to_bytes(field, shapes), shapes) for field in fields]


def upsample(nodes: Layer) -> Layer:
    """(rows, columns, n) -> (48, 64, n), bilinear; by OpenCV, which uses the same rule."""
    return np.asarray(cv2.resize(nodes, GRID[::-1], interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def noise(seed: int, form: LayerFormat, most: float) -> Layer:
    """A random layer in the shape in which it is sent."""
    shape = (*form.shape, *form.values)
    return np.random.default_rng(seed).uniform(-most, most, shape).astype(np.float32)


@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 4), st.floats(0, 1), st.floats(0, 6), st.floats(0, 1))
def test_a_field_of_the_coarse_grids_is_wrong_by_half_a_step_at_most(
    seed: int, far: float, near: float, sure: float, bright: float
) -> None:
    flow, rest, logit, light = (noise(seed, *one) for one in zip(LAYER_FORMATS, (far, near, sure, bright), strict=True))
    sent = Field(
        upsample(flow), np.asarray(1 / (1 + np.exp(-upsample(logit))), np.float32), upsample(rest), upsample(light)
    )
    (got,) = round_trip(sent)
    assert got.rest is not None
    assert got.light is not None
    for now, nodes in ((got.flow, flow), (got.rest, rest), (got.light, light)):
        assert np.abs(now - upsample(nodes)).max() <= np.abs(nodes).max() / 254 * 1.01 + 1e-5
    # The logistic function's slope is at most a quarter.
    assert np.abs(sent.mask - got.mask).max() <= np.abs(logit).max() / 254 / 4 * 1.01 + 1e-4


@pytest.mark.parametrize("light", [1e-38, 1e-44, 1e-12, 0.0])
def test_a_layer_of_next_to_nothing_is_nothing(light: float) -> None:
    still = np.zeros((*GRID, 2), np.float32)
    (got,) = round_trip(Field(still, np.ones(GRID, np.float32), still, np.full(GRID, light, np.float32)))
    assert got.light is not None
    assert not got.light.any()


@given(st.integers(2, 64), st.integers(2, 64))
def test_nodes_lie_at_the_centres_of_cells_and_the_edge_is_level(few: int, many: int) -> None:
    values = np.random.default_rng(few).uniform(-1, 1, few).astype(np.float32)
    places = (np.arange(many) + 0.5) / many
    assert interpolation(few, many) @ values == pytest.approx(
        np.interp(places, (np.arange(few) + 0.5) / few, values), abs=1e-5
    )


def test_a_field_of_any_grid_can_be_sent() -> None:
    for shape in ((48, 64), (96, 128), (5, 7), (18, 16)):
        (got,) = round_trip(Field(np.full((*shape, 2), (0.1, -0.3), np.float32), np.full(shape, 0.75, np.float32)))
        assert got.flow == pytest.approx(np.broadcast_to((0.1, -0.3), (*GRID, 2)), abs=0.3 / 254 + 1e-6)
        assert got.mask == pytest.approx(np.full(GRID, 0.75), abs=0.01)


def test_a_layer_that_is_not_there_takes_no_room() -> None:
    bare = Field(np.zeros((*GRID, 2), np.float32), np.ones(GRID, np.float32))
    (got,) = round_trip(bare)
    assert got.rest is None
    assert got.light is None
    assert shapes_for([bare]) == (FLOW.shape, ABSENT, MASK.shape, ABSENT)
    assert len(to_bytes(bare, shapes_for([bare]))) == length_of(shapes_for([bare])) == 16 + 3 * 18 * 16


def test_a_layer_that_only_the_other_eye_has_is_zero() -> None:
    flow, mask = np.full((*GRID, 2), 0.1, np.float32), np.ones(GRID, np.float32)
    bare, whole = round_trip(Field(flow, mask), Field(flow, mask, rest=flow, light=mask))
    assert bare.rest is not None
    assert bare.light is not None
    assert not bare.rest.any()
    assert not bare.light.any()
    assert whole.rest == pytest.approx(flow, abs=1e-4)


def test_a_field_that_moves_nothing_moves_nothing_at_the_other_end() -> None:
    still = np.zeros((*GRID, 2), np.float32)
    (got,) = round_trip(Field(still, np.ones(GRID, np.float32), still, still[..., 0]))
    assert got.rest is not None
    assert got.light is not None
    assert not got.flow.any()
    assert not got.rest.any()
    assert not got.light.any()


def test_values_beyond_all_measure_are_cut() -> None:
    (got,) = round_trip(Field(np.full((*GRID, 2), 1e6, np.float32), np.ones(GRID, np.float32)))
    assert got.flow == pytest.approx(np.full((*GRID, 2), FLOW.max_scale), rel=1e-6)


def shipped_fields(eye_width: float) -> list[tuple[Clip, int, Patch, Field]]:
    """The shipped network's fields for a moving portrait."""
    clip = Clip(width=1280, height=720, seconds=1.0, eye_width=eye_width)
    corrector = Corrector(Engine(faces=1), Correction(pitch=12, yaw=8))
    made = []
    for number in range(0, len(clip), 10):
        frame = to_frame(clip.frame(number), time=number / clip.rate)
        faces = corrector.find_faces(frame)
        fields = corrector.make_fields(frame, faces)
        for face, pair in zip(faces.faces, fields.faces, strict=True):
            made += [
                (clip, number, Patch.of(face.right), pair.right),
                (clip, number, Patch.of(face.left), pair.left),
            ]
    corrector.close()
    return made


@pytest.mark.usefixtures("model")
def test_what_the_network_makes_looks_the_same_at_the_other_end() -> None:
    differences, moved = [], []
    made = shipped_fields(eye_width=72.0)
    assert len(made) == 6
    for clip, number, patch, field in made:
        frame = to_frame(clip.frame(number))
        rows, columns = np.indices(frame.y.shape)
        inside = ellipse(patch.to_eye(np.stack([columns, rows], -1) + 0.5)) < 1
        whole, coarse = (warp(frame, [Placed(patch, one)]).y[inside] for one in (field, *round_trip(field)))
        differences.append(cv2.absdiff(whole, coarse))
        moved.append(cv2.absdiff(whole, frame.y[inside]))
    difference = np.concatenate(differences)
    assert difference.mean() <= 0.4
    assert np.percentile(difference, 99) <= 4
    assert np.concatenate(moved).mean() > 10 * difference.mean()
