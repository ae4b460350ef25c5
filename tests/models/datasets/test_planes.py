import numpy as np

from models.datasets.planes import to_frame, to_rgb


def test_there_and_back() -> None:
    """Uniform colours are preserved up to quantisation and chroma subsampling."""
    for colour in ((140, 140, 140), (200, 60, 30), (20, 40, 180)):
        picture = np.full((10, 12, 3), colour, np.uint8)
        assert np.abs(to_rgb(to_frame(picture)).astype(int) - picture).max() <= 3


def test_the_range_is_the_studios() -> None:
    black, white = (to_frame(np.full((4, 4, 3), level, np.uint8)) for level in (0, 255))
    assert (black.y == 16).all()
    assert (white.y == 235).all()
    assert (white.u == 128).all()


def test_an_odd_row_or_column_is_cut_off() -> None:
    frame = to_frame(np.zeros((7, 9, 3), np.uint8), 2.5)
    assert frame.size == (8, 6)
    assert frame.u.shape == (3, 4)
    assert frame.time == 2.5
