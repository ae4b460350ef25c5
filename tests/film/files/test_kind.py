from fractions import Fraction
from pathlib import Path

import pytest

from relay.errors import MediaError
from relay.film.files.kind import H264, H264_ODD, VP9, Encoder, encoder_for, kind_of

SQUARE, WIDE = Fraction(1), Fraction(4, 3)


@pytest.mark.parametrize(
    ("name", "size", "aspect", "encoder"),
    [
        ("a.mp4", (64, 48), SQUARE, H264),
        ("a.MP4", (64, 48), WIDE, H264),
        ("a.mp4", (65, 48), SQUARE, VP9),
        ("a.m4v", (64, 49), WIDE, VP9),
        ("a.mov", (64, 48), SQUARE, H264),
        ("a.mov", (65, 49), SQUARE, H264_ODD),
        ("a.mkv", (64, 48), WIDE, H264),
        ("a.mkv", (65, 48), SQUARE, VP9),
        ("a.mkv", (65, 48), WIDE, H264_ODD),
        ("a.webm", (64, 48), SQUARE, VP9),
        ("a.webm", (65, 49), SQUARE, VP9),
    ],
)
def test_the_encoder_suits_ending_and_shape(
    name: str, size: tuple[int, int], aspect: Fraction, encoder: Encoder
) -> None:
    assert encoder_for(Path(name), size, aspect) == encoder


def test_pixels_that_webm_cannot_keep_are_refused_with_a_way_out() -> None:
    with pytest.raises(MediaError, match=r"pixels that are 4/3 as wide as high; use \.mp4"):
        encoder_for(Path("a.webm"), (64, 48), WIDE)


@pytest.mark.parametrize("name", ["a", "a.txt", "a.avi", ".mp4", "a.mp4.part"])
def test_an_unknown_ending_is_answered_by_the_known_ones(name: str) -> None:
    with pytest.raises(MediaError, match=r"must end in \.mp4, .*\.webm"):
        kind_of(Path(name))
