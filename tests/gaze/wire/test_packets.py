from dataclasses import replace
from math import exp, inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.gaze.face import Field
from relay.gaze.geometry import nodes
from relay.gaze.spec import EXTENT, GRID
from relay.gaze.wire.packets import (
    EyeLandmarks,
    FaceLandmarks,
    FieldPair,
    FieldSet,
    Landmarks,
    Stamp,
    WireError,
    decode,
    encode_fields,
    encode_landmarks,
)
from tests.gaze import packets
from tests.gaze.packets import Content, Vector, value_at, vectors

# Overhead per datagram, bytes: IPv6 and UDP, a DTLS record, the headers of SCTP and of its chunk. aiortc splits
# messages into fragments of 1,160 bytes; each is padded to 4.
OVERHEAD, FRAGMENT = 48 + 37 + 12 + 16, 1160

STAMP = Stamp(rtp=2**32 - 1, time=12.1, size=(640, 360))
EYE = EyeLandmarks(centre=(250.25, 140.5), step=(47.5, -1.75), openness=0.25, strength=0.5)

coordinates = st.floats(-1e5, 1e5, width=32)
shares = st.floats(0, 1)
eyes = st.builds(
    EyeLandmarks,
    centre=st.tuples(coordinates, coordinates),
    step=st.tuples(st.floats(0.5, 1e5, width=32), coordinates),
    openness=shares,
    strength=shares,
)
uint32 = st.integers(0, 2**32 - 1)
sizes = st.tuples(st.integers(1, 65_535), st.integers(1, 65_535))
stamps = st.builds(Stamp, rtp=uint32, time=st.floats(-1e9, 1e9), size=sizes)
faces = st.lists(st.builds(FaceLandmarks, number=uint32, right=eyes, left=eyes), max_size=8).map(tuple)


def field(size: float = 0.1, *, whole: bool = True) -> Field:
    """A field of random values. whole: with a rest and a light."""
    random = np.random.default_rng(1)
    flow, rest = (random.uniform(-size, size, (*GRID, 2)).astype(np.float32) for _ in range(2))
    mask, light = (random.uniform(0, 1, GRID).astype(np.float32) for _ in range(2))
    return Field(flow, mask, rest, light) if whole else Field(flow, mask)


def field_set(*pairs: FieldPair) -> FieldSet:
    return FieldSet(STAMP, faces_rtp=77, faces=pairs, count=3)


def grids_of(face: FieldPair | FaceLandmarks) -> tuple[Any, Any]:
    return face.right, face.left


@given(st.builds(Landmarks, stamp=stamps, faces=faces, count=st.integers(0, 65_535)))
def test_landmarks_come_back_as_they_were_sent(sent: Landmarks) -> None:
    got = decode(encode_landmarks(sent))
    assert isinstance(got, Landmarks)
    assert (got.stamp, got.count) == (sent.stamp, sent.count)
    for before, after in zip(sent.faces, got.faces, strict=True):
        assert before.number == after.number
        for was, now in zip(grids_of(before), grids_of(after), strict=True):
            assert (was.centre, was.step) == (now.centre, now.step)
            assert now.openness == pytest.approx(was.openness, abs=0.5 / 65_535 + 1e-9)
            assert now.strength == pytest.approx(was.strength, abs=0.5 / 65_535 + 1e-9)


@given(stamps, uint32, st.lists(uint32, max_size=8), st.integers(0, 65_535))
@settings(max_examples=30)
def test_fields_keep_their_frame_and_their_faces(stamp: Stamp, faces_rtp: int, numbers: list[int], count: int) -> None:
    pairs = tuple(FieldPair(number, field(), field()) for number in numbers)
    got = decode(encode_fields(FieldSet(stamp, faces_rtp, pairs, count)))
    assert isinstance(got, FieldSet)
    assert (got.stamp, got.faces_rtp, got.count) == (stamp, faces_rtp, count)
    assert [face.number for face in got.faces] == numbers


def test_right_and_left_are_not_mixed_up() -> None:
    right, left = (Field(np.full((*GRID, 2), x, np.float32), np.ones(GRID, np.float32)) for x in (0.1, -0.2))
    got = decode(encode_fields(field_set(FieldPair(1, right, left))))
    assert isinstance(got, FieldSet)
    assert got.faces[0].right.flow.mean() == pytest.approx(0.1, abs=1e-4)
    assert got.faces[0].left.flow.mean() == pytest.approx(-0.2, abs=1e-4)


def test_running_numbers_begin_again() -> None:
    counts = [decode(encode_landmarks(Landmarks(STAMP, (), count))).count for count in (65_535, 65_536, 65_537)]
    assert counts == [65_535, 0, 1]


def test_shares_beyond_their_range_are_cut() -> None:
    wide = FaceLandmarks(1, replace(EYE, openness=1.4, strength=1.0001), replace(EYE, openness=-0.1))
    got = decode(encode_landmarks(Landmarks(STAMP, (wide,), 0)))
    assert isinstance(got, Landmarks)
    assert (got.faces[0].right.openness, got.faces[0].right.strength) == (1, 1)
    assert got.faces[0].left.openness == 0


@pytest.mark.parametrize(
    "eye",
    [
        replace(EYE, centre=(nan, 0.0)),
        replace(EYE, centre=(0.0, 1.1e5)),
        replace(EYE, centre=(1e300, 0.0)),
        replace(EYE, step=(inf, 0.0)),
        replace(EYE, step=(0.0, 0.0)),
        replace(EYE, openness=nan),
    ],
)
def test_no_eye_is_sent_that_a_receiver_would_refuse(eye: EyeLandmarks) -> None:
    with pytest.raises(WireError):
        encode_landmarks(Landmarks(STAMP, (FaceLandmarks(1, EYE, eye),), 0))


@pytest.mark.parametrize(
    "packet",
    [
        Landmarks(replace(STAMP, time=nan), (), 0),
        Landmarks(replace(STAMP, size=(0, 360)), (), 0),
        Landmarks(replace(STAMP, size=(70_000, 360)), (), 0),
        Landmarks(replace(STAMP, rtp=2**32), (), 0),
        Landmarks(STAMP, (FaceLandmarks(-1, EYE, EYE),), 0),
        Landmarks(STAMP, (FaceLandmarks(1, EYE, EYE),) * 9, 0),
    ],
)
def test_no_stamp_is_sent_that_a_receiver_would_refuse(packet: Landmarks) -> None:
    with pytest.raises(WireError):
        encode_landmarks(packet)


@pytest.mark.parametrize(
    ("layer", "value"),
    [("flow", nan), ("flow", inf), ("rest", nan), ("rest", -inf), ("mask", nan), ("light", nan), ("light", inf)],
)
def test_no_field_is_sent_that_is_not_finite(layer: str, value: float) -> None:
    broken = field()
    getattr(broken, layer)[20, 30] = value
    with pytest.raises(WireError, match="finite"):
        encode_fields(field_set(FieldPair(1, field(), broken)))


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.name)
def test_the_vectors_are_read_as_the_protocol_says(vector: Vector) -> None:
    if vector.content is None:
        with pytest.raises(WireError):
            decode(vector.packet)
        return
    got = decode(vector.packet)
    content = vector.content
    assert (got.stamp.rtp, got.stamp.time, got.count) == (content["rtp"], content["time"], content["count"])
    assert got.stamp.size == (content["width"], content["height"])
    assert [face.number for face in got.faces] == [face["number"] for face in content["faces"]]
    if isinstance(got, Landmarks):
        assert content["kind"] == "landmarks"
        assert [landmark_values(face) for face in got.faces] == [
            list(map(numbers_of, eyes_of(face))) for face in content["faces"]
        ]
        assert encode_landmarks(got) == vector.packet
    else:
        assert (content["kind"], got.faces_rtp) == ("fields", content["facesRtp"])
        for face, said in zip(got.faces, content["faces"], strict=True):
            for one, grids in zip(grids_of(face), eyes_of(said), strict=True):
                assert_same(one, grids)


def test_the_file_of_vectors_is_what_its_recipes_give() -> None:
    assert vectors() == packets.recipes()


def landmark_values(face: FaceLandmarks) -> list[tuple[float, ...]]:
    return [(*eye.centre, *eye.step, eye.openness, eye.strength) for eye in (face.right, face.left)]


def numbers_of(eye: Content) -> tuple[float, ...]:
    return tuple(eye[key] for key in ("x", "y", "stepX", "stepY", "openness", "strength"))


def eyes_of(face: Content) -> tuple[Content, Content]:
    return face["right"], face["left"]


def assert_same(one: Field, grids: Content) -> None:
    """Compare the decoded field with the rule applied to the raw grids, at some nodes of the full grid."""
    assert (one.rest is None, one.light is None) == (grids["rest"] is None, grids["light"] is None)
    layers = {"flow": one.flow, "rest": one.rest, "mask": one.mask, "light": one.light}
    for row, column in [(0, 0), (47, 63), (0, 63), (11, 17), (24, 32), (40, 5)]:
        x, y = nodes(GRID)[row, column] / EXTENT + 0.5
        for name, layer in layers.items():
            if layer is not None:
                wanted = value_at(grids[name], float(x), float(y))
                wanted = [1 / (1 + exp(-value)) for value in wanted] if name == "mask" else wanted
                assert np.atleast_1d(layer[row, column]) == pytest.approx(wanted, abs=2e-6)


@pytest.mark.parametrize("name", ["landmarks of one face", "fields of small grids", "fields for nobody"])
def test_whatever_happens_to_a_packet_it_is_sane_or_refused(name: str) -> None:
    packet = next(vector.packet for vector in vectors() if vector.name == name)
    refused = 0
    for mutant in packets.mutants(packet):
        try:
            assert_sane(decode(mutant))
        except WireError:
            refused += 1
    assert refused > len(packet)  # every truncation at least


@given(st.binary(max_size=400).filter(lambda rubbish: not rubbish.startswith(b"\xe7\x01")))
def test_rubbish_is_refused(rubbish: bytes) -> None:
    with pytest.raises(WireError):
        decode(rubbish)


@settings(max_examples=300)
@given(st.sampled_from([1, 2]), st.integers(0, 9), st.binary(max_size=300))
def test_what_begins_well_is_sane_or_refused(kind: int, count: int, rest: bytes) -> None:
    head = encode_landmarks(Landmarks(STAMP, (), 0))
    try:
        got = decode(head[:2] + bytes([kind, count]) + head[4:] + rest)
    except WireError:
        return
    assert_sane(got)


def assert_sane(got: Landmarks | FieldSet) -> None:
    """Check that all values are in their ranges."""
    assert len(got.faces) <= 8
    assert min(got.stamp.size) > 0
    assert np.isfinite(got.stamp.time)
    for face in got.faces:
        for one in grids_of(face):
            if isinstance(one, EyeLandmarks):
                assert np.isfinite([*one.centre, *one.step]).all()
                assert np.hypot(*one.step) > 0
                assert 0 <= one.openness <= 1
                assert 0 <= one.strength <= 1
            else:
                assert_bounded(one)


def assert_bounded(one: Field) -> None:
    assert one.flow.shape == (*GRID, 2)
    assert one.mask.shape == GRID
    assert np.abs(one.flow).max() <= 4.001
    assert np.abs(one.rest).max() <= 4.001 if one.rest is not None else True
    assert np.abs(one.light).max() <= 1.001 if one.light is not None else True
    assert one.mask.min() >= 0
    assert one.mask.max() <= 1


def test_one_face_needs_no_more_than_a_megabit_a_second() -> None:
    face = FaceLandmarks(1, EYE, EYE)
    reference = encode_landmarks(Landmarks(STAMP, (face,), 0))
    made = encode_fields(field_set(FieldPair(1, field(10.0), field(10.0))))
    a_second = 30 * (bytes_on_the_wire(reference) + bytes_on_the_wire(made))
    assert 8 * a_second <= 1_000_000


def bytes_on_the_wire(packet: bytes) -> int:
    """Size including all overhead."""
    fragments = -(-len(packet) // FRAGMENT)
    padded = -(-(len(packet) % FRAGMENT) // 4) * 4 - len(packet) % FRAGMENT
    return len(packet) + padded + fragments * OVERHEAD


def test_the_smallest_fields_are_smaller_still() -> None:
    bare = encode_fields(field_set(FieldPair(1, field(whole=False), field(whole=False))))
    whole = encode_fields(field_set(FieldPair(1, field(), field())))
    assert len(bare) < 0.6 * len(whole)
