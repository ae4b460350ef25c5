"""Frames warped in their own planes by the browser, compared with the relay's warp of the same planes."""

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from relay.frame import Frame, Plane
from relay.gaze.face import Angles, Eye, Side
from relay.gaze.geometric import Outline, geometric_field
from relay.gaze.geometry import Patch
from relay.gaze.warp import Placed, warp
from relay.gaze.wire.packets import FieldPair, FieldSet, Stamp, decode, encode_fields
from tests.clips import Clip, to_frame
from tests.gaze.faces import eye
from tests.web.local import open_blank

CLIP = Clip()
NUMBER = 7
AIM = Angles(pitch=9, yaw=-6)


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = open_blank(browser)
    yield page
    page.close()


@pytest.fixture(scope="module")
def eyes() -> list[Eye]:
    (seen,) = CLIP.eyes(NUMBER)
    sides = zip((Side.RIGHT, Side.LEFT), seen, strict=True)
    return [eye(side, (one.x, one.y), one.width) for side, one in sides]


@pytest.fixture(scope="module")
def packet(eyes: list[Eye]) -> bytes:
    right, left = (geometric_field(Outline.of(one, Patch.of(one)), Patch.of(one).aim(AIM)) for one in eyes)
    return encode_fields(FieldSet(Stamp(0, 0.0, (640, 480)), 0, (FieldPair(1, right, left),), 0))


def paste(page: Page, frame: Frame, packet: bytes, eyes: list[Eye], kind: str = "I420", **more: object) -> Any:
    script = "async (job) => (await import('/pasting.js')).pasteOnce(job)"
    planes = b"".join(plane.tobytes() for plane in frame.planes)
    places = [_place(one, field) for field, one in enumerate(eyes)]
    texts = {"planes": base64.b64encode(planes).decode(), "packet": base64.b64encode(packet).decode()}
    job = {**texts, "width": frame.width, "height": frame.height, "format": kind, "places": places, **more}
    return page.evaluate(script, job)


def _place(one: Eye, field: int) -> dict[str, object]:
    patch = Patch.of(one)
    (x, y), (step_x, step_y) = patch.centre.tolist(), patch.basis[:, 0].tolist()
    where = {"x": x, "y": y, "stepX": step_x, "stepY": step_y, "mirrored": one.side is Side.LEFT}
    return {**where, "gain": 1, "face": 1, "field": field}


def by_relay(frame: Frame, packet: bytes, eyes: list[Eye]) -> Frame:
    read = decode(packet)
    assert isinstance(read, FieldSet)
    (pair,) = read.faces
    placed = [Placed(Patch.of(one), field) for one, field in zip(eyes, (pair.right, pair.left), strict=True)]
    return warp(frame, placed)


def planes_of(pasted: Any, frame: Frame) -> list[Plane]:
    data = np.frombuffer(base64.b64decode(pasted["planes"]), np.uint8)
    parts = np.split(data, np.cumsum([plane.size for plane in frame.planes])[:-1])
    return [part.reshape(plane.shape) for part, plane in zip(parts, frame.planes, strict=True)]


@pytest.mark.parametrize("kind", ["I420", "NV12"])
def test_a_frame_is_warped_in_its_own_planes_as_the_relay_does(
    page: Page, packet: bytes, eyes: list[Eye], kind: str
) -> None:
    frame = to_frame(CLIP.frame(NUMBER))
    pasted = paste(page, frame, packet, eyes, kind)
    assert (pasted["format"], pasted["timestamp"], pasted["duration"]) == (kind, 1234, 33333)
    relays = by_relay(frame, packet, eyes)
    for ours, theirs, original in zip(planes_of(pasted, frame), relays.planes, frame.planes, strict=True):
        moved = theirs != original
        error = np.abs(ours.astype(float) - theirs)
        assert np.abs(theirs.astype(float) - original)[moved].mean() > 3 * error[moved].mean()
        assert error[moved].mean() < 2
        assert np.percentile(error[moved], 99) < 8


def test_no_byte_outside_the_patches_is_touched(page: Page, packet: bytes, eyes: list[Eye]) -> None:
    frame = to_frame(CLIP.frame(NUMBER))
    planes = planes_of(paste(page, frame, packet, eyes), frame)
    for ours, original, scale in zip(planes, frame.planes, (1, 0.5, 0.5), strict=True):
        outside = np.ones(original.shape, bool)
        for one in eyes:
            left, top, right, bottom = Patch.of(one).box(scale, (original.shape[1], original.shape[0]))
            outside[top:bottom, left:right] = False
        assert np.array_equal(ours[outside], original[outside])
        assert not np.array_equal(ours, original)


def test_eyes_at_the_edge_of_the_picture_are_drawn_as_far_as_they_are_in_it(page: Page, packet: bytes) -> None:
    frame = to_frame(CLIP.frame(NUMBER))
    beside = [eye(Side.RIGHT, (2.0, 3.0), 47.0), eye(Side.LEFT, (639.0, 478.5), 51.0)]
    relays = by_relay(frame, packet, beside)
    for ours, theirs in zip(planes_of(paste(page, frame, packet, beside), frame), relays.planes, strict=True):
        assert np.abs(ours.astype(float) - theirs).mean() < 0.05


def test_a_frame_of_another_format_is_drawn_whole(page: Page, packet: bytes, eyes: list[Eye]) -> None:
    picture = CLIP.frame(NUMBER)
    packed = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    script = "async (job) => (await import('/pasting.js')).pasteOnce(job)"
    texts = {"planes": base64.b64encode(packed.tobytes()).decode(), "packet": base64.b64encode(packet).decode()}
    places = [_place(one, field) for field, one in enumerate(eyes)]
    pasted = page.evaluate(script, {**texts, "width": 640, "height": 480, "format": "RGBX", "places": places})
    assert pasted["timestamp"] == 1234
    shown = np.frombuffer(base64.b64decode(pasted["planes"]), np.uint8).reshape(480, 640, 4)[..., :3]
    order = slice(None, None, -1) if pasted["format"].startswith("BGR") else slice(None)
    changed = (shown[..., order].astype(int) != picture).any(-1)
    assert changed.any()
    for one in eyes:
        left, top, right, bottom = Patch.of(one).box(1, (640, 480))
        changed[top:bottom, left:right] = False
    assert not changed.any()


def test_without_graphics_nothing_is_drawn(page: Page, packet: bytes, eyes: list[Eye]) -> None:
    assert paste(page, to_frame(CLIP.frame(NUMBER)), packet, eyes, lost=True) is None
