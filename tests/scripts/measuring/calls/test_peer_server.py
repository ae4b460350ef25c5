from contextlib import closing
from typing import Any

import av
import numpy as np
import pytest

from scripts.measuring.calls.callers import luma
from scripts.measuring.calls.glass import NumberedCamera, Planes, develop
from scripts.measuring.calls.peer_server import Work, WorkPool, WorkTrack
from tests.clips import Clip
from tests.fakes import picture

CLIP = Clip(seconds=0.1)


@pytest.fixture(scope="module")
def film() -> list[Planes]:
    return develop(CLIP)


def moved(before: Any, after: Any) -> bool:
    """Whether the right eye has changed, and nothing below the face."""
    difference = np.abs(after.astype(int) - before.astype(int))
    eye, _ = CLIP.eyes(0)[0]
    x, y, half = round(eye.x), round(eye.y), round(eye.width / 2)
    return bool(difference[y - half : y + half, x - half : x + half].max() > 20 and difference[-40:].max() <= 3)


@pytest.mark.usefixtures("model")
async def test_the_work_is_done_in_the_frame_that_was_asked_for_and_keeps_its_time_stamp(film: list[Planes]) -> None:
    camera = NumberedCamera(film)
    with closing(WorkPool(1)) as pool:
        track = WorkTrack(NumberedCamera(film), pool.take())
        original, worked = await camera.recv(), await track.recv()
    assert worked.pts == original.pts
    assert moved(luma(original), luma(worked))


@pytest.mark.usefixtures("model")
async def test_the_work_can_be_done_in_bgr(film: list[Planes]) -> None:
    bgr = (await NumberedCamera(film).recv()).to_ndarray(format="bgr24")
    with closing(Work()) as work:
        worked = work.on_bgr(bgr)
    there = av.VideoFrame.from_ndarray(bgr, format="bgr24").reformat(format="yuv420p")
    assert moved(there.to_ndarray(format="bgr24"), worked)  # the conversions' own changes do not count


@pytest.mark.usefixtures("model")
def test_a_frame_without_a_face_comes_back_as_it_is() -> None:
    frame = picture(3)
    with closing(Work()) as work:
        assert work(frame) is frame
