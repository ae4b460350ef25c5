"""Public-domain portraits, the positions of their eyes, and how to close them.

The astronaut Eileen Collins (NASA; inside scikit-image), and the official portraits of a president and a
vice-president of the United States (The White House; inside the source archive of the package face_recognition,
which scripts/test fetches). The eyes were marked by hand, so that tests do not depend on the code under test.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

Picture = NDArray[np.uint8]  # (height, width, 3), RGB
Real = NDArray[np.float64]
Person = Literal["astronaut", "president", "vice_president"]
Point = tuple[float, float]  # x, y, pixels

FOLDER = user_cache_path("eyeline") / "portraits"
SKIN = 0.35  # eye widths of skin above the upper lid that stretch when it comes down
ROUNDNESS = 0.75  # of a lid's line; 1 would be a parabola


@dataclass(frozen=True)
class Lids:
    """One eye: its corners, the highest point of its upper lid and the lowest of its lower lid."""

    outer: Point
    inner: Point
    upper: Point
    lower: Point

    @property
    def width(self) -> float:
        """Distance of the corners in pixels."""
        return float(np.hypot(*np.subtract(self.inner, self.outer)))

    @property
    def centre(self) -> Real:
        """Half-way between the corners, (2,)."""
        return cast("Real", np.add(self.outer, self.inner) / 2)

    def enlarged(self, factor: float) -> "Lids":
        """The same eye in a picture that many times as large."""
        points = (self.outer, self.inner, self.upper, self.lower)
        return Lids(*((x * factor, y * factor) for x, y in points))


EYES: dict[Person, tuple[Lids, Lids]] = {  # right and left
    "astronaut": (
        Lids((195.8, 101.0), (214.0, 104.2), (203.0, 98.2), (204.7, 104.5)),
        Lids((256.0, 103.8), (237.1, 105.2), (248.8, 100.4), (246.6, 106.5)),
    ),
    "president": (
        Lids((424.3, 217.5), (467.6, 217.3), (442.4, 209.8), (445.6, 218.7)),
        Lids((568.9, 215.0), (525.5, 216.8), (550.9, 208.0), (547.5, 217.4)),
    ),
    "vice_president": (
        Lids((510.2, 321.5), (562.0, 333.2), (534.2, 317.1), (534.3, 331.7)),
        Lids((674.9, 357.3), (627.4, 347.6), (658.5, 344.4), (652.8, 357.1)),
    ),
}


@cache
def portrait(person: Person) -> Picture:
    """The whole portrait. Raises FileNotFoundError where scripts/test has not fetched it."""
    packaged = Path(str(files("skimage"))) / "data" / "astronaut.png"
    path = packaged if person == "astronaut" else FOLDER / f"{person}.jpg"
    picture = cv2.imread(str(path))
    if picture is None:
        raise FileNotFoundError(f"{path} is missing; scripts/test fetches it")
    return np.ascontiguousarray(picture[:, :, ::-1])


def eye_width(person: Person) -> float:
    """The mean width of both eyes in the portrait, pixels."""
    right, left = EYES[person]
    return (right.width + left.width) / 2


@cache
def enlarge(person: Person, width: float) -> tuple[Picture, float]:
    """The portrait, scaled so that the eyes are at least `width` pixels wide, and the scale factor."""
    factor = max(1.0, width / eye_width(person))
    picture = cv2.resize(portrait(person), None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return cast("Picture", picture), factor


def shut(picture: Picture, eyes: tuple[Lids, Lids], closed: float) -> Picture:
    """A copy with the upper lids drawn down, 0 not at all to 1 shut; the eyeballs are covered, not moved."""
    result = picture.copy()
    for lids in eyes:
        x, y = (lids.centre - lids.width).astype(int)
        patch = _draw_down(picture, lids, (x, y), closed)
        result[y : y + patch.shape[0], x : x + patch.shape[1]] = patch
    return result


def _draw_down(picture: Picture, lids: Lids, corner: tuple[int, int], closed: float) -> Picture:
    """The square around one eye, two eye widths large, with the lid drawn down."""
    side = int(2 * lids.width)
    grid = np.mgrid[corner[1] : corner[1] + side, corner[0] : corner[0] + side][::-1].astype(np.float64)
    along = np.subtract(lids.inner, lids.outer) / lids.width
    down = np.array([-along[1], along[0]]) * np.sign(along[0])
    place = np.moveaxis(grid, 0, -1) - lids.outer
    across, height = np.clip(place @ along / lids.width, 0, 1), place @ down / lids.width

    def line(point: Point) -> Real:
        """How high the lid through this point runs, at each pixel's place between the corners."""
        offset = np.subtract(point, lids.outer) / lids.width
        at = offset @ along
        return cast("Real", offset @ down * (across * (1 - across) / (at * (1 - at))) ** ROUNDNESS)

    open_lid = line(lids.upper)
    lid = open_lid + closed * (line(lids.lower) - open_lid)
    brow = open_lid - SKIN
    source = np.where((height > brow) & (height < lid), brow + (height - brow) * SKIN / (lid - brow), height)
    x, y = (grid + (source - height) * lids.width * down[:, None, None]).astype(np.float32)
    return cast("Picture", cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))
