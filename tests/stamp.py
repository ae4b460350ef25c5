"""A frame number drawn into a frame, as 16 blocks in a band along the top; survives any codec and size.

Two rows: the number's bits, most significant first, white for one; below each its complement, so that a torn, covered
or missing band is not read as a number. stamp.js reads the same band in a browser.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BITS = 16
BAND = 1 / 15  # of the picture's height
MIN_CONTRAST = 60  # least difference in luma between a block and its complement


def draw_number(picture: NDArray[np.uint8], number: int) -> None:
    """Write number (0..65535) into the top of picture (height, width, 3), in place."""
    height, width = picture.shape[:2]
    half = round(height * BAND / 2)
    bits = number >> np.arange(BITS)[::-1] & 1
    columns = bits[np.arange(width) * BITS // width].astype(np.uint8) * 255
    picture[:half] = columns[None, :, None]
    picture[half : 2 * half] = 255 - columns[None, :, None]


def read_number(picture: NDArray[Any]) -> int | None:
    """The number in the top of an 8-bit picture, (height, width) or (height, width, 3); None where none can be read."""
    luma = picture if picture.ndim == 2 else picture.mean(axis=2)
    height, width = luma.shape
    columns = (np.arange(BITS) + 0.5) * width / BITS
    rows = np.array([0.25, 0.75]) * height * BAND
    bits, complements = luma[np.ix_(rows.astype(int), columns.astype(int))].astype(float)
    if np.abs(bits - complements).min() < MIN_CONTRAST:
        return None
    return int(((bits > complements) << np.arange(BITS)[::-1]).sum())
