"""The frame number has to survive what a call does to a picture, and never be misread."""

import av
import cv2
import numpy as np
import pytest

from tests.clips import Clip, write_mp4
from tests.portraits import Picture
from tests.stamp import draw_number, read_number


def stamped(number: int) -> Picture:
    picture = np.full((480, 640, 3), 90, np.uint8)
    draw_number(picture, number)
    return picture


@pytest.mark.parametrize("number", [0, 1, 0b1010101010101010, 40_000, 65_535])
@pytest.mark.parametrize("size", [(640, 480), (320, 240), (1280, 720), (637, 479)])
def test_a_number_is_read_in_any_size(number: int, size: tuple[int, int]) -> None:
    assert read_number(np.asarray(cv2.resize(stamped(number), size), np.uint8)) == number


def test_numbers_survive_a_codec() -> None:
    clip = Clip(seconds=1, numbered=True)
    with av.open(write_mp4(clip)) as container:
        read = [read_number(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    assert read == list(range(len(clip)))


def test_a_torn_covered_or_missing_band_gives_no_number() -> None:
    torn = stamped(0)
    torn[:16] = stamped(65_535)[:16]
    covered = stamped(1234)
    covered[:, 100:200] = 128
    for picture in (torn, covered, np.full((480, 640, 3), 90, np.uint8)):
        assert read_number(picture) is None
