"""Real eyes on disk: one .npz for each video, folder or set of photographs, written atomically.

    python -m models.datasets.real.album DIR...     the contents of these folders, as a table

An album holds n eyes and p pairs of them. Format, version 1:

meta                  JSON text: schema and the fields of Meta
crops                 (n, 112, 144, 3) uint8 RGB (by BT.601 from the frame's planes, whatever their label): an upright
                      crop of the frame centred on the eye, at the frame's own resolution, or downscaled so that the
                      eye is 72 pixels wide; never enlarged. Outside the frame its border is repeated
side                  (n,) uint8: 0 the right eye, 1 the left
corners, upper, lower (n, k, 2) float32 crop pixels, k = 2, 7, 7 as in relay/gaze/face.Eye
iris, iris_radius     (n, 2), (n,) float32 crop pixels
openness              (n,) float32, lid aperture over eye width
width                 (n,) float32: of the eye in the frame it comes from, pixels
gaze, head            (n, 2), (n, 3) float32 degrees: pitch, yaw (and roll), as the landmark stage estimates them
sharpness             (n,) float32: power of the Laplacian over the luma's variance around the eye; comparable within
                      one source only
number                (n,) int32: the face's number within this album
time                  (n,) float32 seconds; of a photograph 0
pairs                 (p, 2) int32: first and second eye, same side, same person. The reverse is a pair, too
correction            (p, 2) float32 degrees, camera frame: pitch, yaw by which the first eye turns to become the second
alignment             (p, 2, 3) float32: similarity from places in the first crop to the places of the same skin in
                      the second (pixel centres at .5)
residual              (p,) float32: 1 - correlation of the skin around the eye after the alignment

Knows nothing of how eyes are detected.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from models.datasets import archive
from models.datasets.planes import Picture, to_frame
from relay.frame import Frame
from relay.gaze.face import Angles, Eye, Head, Side
from relay.gaze.geometry import Matrix, Patch

SCHEMA = 1
HEIGHT, WIDTH = 112, 144  # of a crop, pixels
WIDEST = 72.0  # pixels, of an eye in its crop

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


class Kind(StrEnum):
    """The source of the eyes, and so of the pairs' corrections."""

    VIDEO = "video"  # estimated from irises
    COLUMBIA = "columbia"  # from the file names
    CALIBRATION = "calibration"  # from where the person was asked to look
    PORTRAIT = "portrait"  # no pairs


@dataclass(frozen=True)
class Meta:
    """Metadata of an album. person: whose eyes; several persons count as person#number. ships: whether weights trained
    on it may be published. licence: the reason, as text.
    """

    source: str
    person: str
    kind: Kind
    ships: bool
    licence: str


@dataclass(frozen=True)
class Sighting:
    """One eye in its crop (see the table above)."""

    crop: Picture
    eye: Eye
    width: float
    gaze: Angles
    head: Head
    sharpness: float
    number: int
    time: float


@dataclass(frozen=True)
class Pair:
    """Two eyes by their indices in the album (see the table above)."""

    first: int
    second: int
    correction: Angles
    alignment: Matrix
    residual: float


@dataclass(frozen=True)
class Album:
    """See the table above."""

    meta: Meta
    crops: Picture
    side: NDArray[np.uint8]
    corners: Floats
    upper: Floats
    lower: Floats
    iris: Floats
    iris_radius: Floats
    openness: Floats
    width: Floats
    gaze: Floats
    head: Floats
    sharpness: Floats
    number: Ints
    time: Floats
    pairs: Ints
    correction: Floats
    alignment: Floats
    residual: Floats

    def __len__(self) -> int:
        return len(self.crops)

    @classmethod
    def of(cls, meta: Meta, sightings: Iterable[Sighting], pairs: Iterable[Pair] = ()) -> Self:
        """The album of these eyes."""
        seen, paired = list(sightings), list(pairs)
        eyes = [one.eye for one in seen]
        return cls(
            meta,
            np.array([one.crop for one in seen], dtype=np.uint8).reshape(-1, HEIGHT, WIDTH, 3),
            np.array([eye.side is Side.LEFT for eye in eyes], dtype=np.uint8),
            _floats([eye.corners for eye in eyes], 2, 2),
            _floats([eye.upper for eye in eyes], 7, 2),
            _floats([eye.lower for eye in eyes], 7, 2),
            _floats([eye.iris for eye in eyes], 2),
            _floats([eye.iris_radius for eye in eyes]),
            _floats([eye.openness for eye in eyes]),
            _floats([one.width for one in seen]),
            _floats([(one.gaze.pitch, one.gaze.yaw) for one in seen], 2),
            _floats([(one.head.pitch, one.head.yaw, one.head.roll) for one in seen], 3),
            _floats([one.sharpness for one in seen]),
            np.array([one.number for one in seen], dtype=np.int32),
            _floats([one.time for one in seen]),
            np.array([(pair.first, pair.second) for pair in paired], dtype=np.int32).reshape(-1, 2),
            _floats([(pair.correction.pitch, pair.correction.yaw) for pair in paired], 2),
            _floats([pair.alignment for pair in paired], 2, 3),
            _floats([pair.residual for pair in paired]),
        )

    def eye(self, index: int) -> Eye:
        """One eye, in its crop's pixels."""
        return Eye(
            Side.LEFT if self.side[index] else Side.RIGHT,
            self.corners[index],
            self.upper[index],
            self.lower[index],
            self.iris[index],
            float(self.iris_radius[index]),
            float(self.openness[index]),
        )

    def frame(self, index: int) -> Frame:
        """Its crop, as a frame of the relay."""
        return to_frame(self.crops[index], float(self.time[index]))

    def target(self, pair: int) -> Patch:
        """The first eye's patch in the second's crop: the target image of the turn."""
        patch = Patch.of(self.eye(int(self.pairs[pair, 0])))
        alignment = self.alignment[pair].astype(np.float64)
        centre = alignment[:, :2] @ patch.centre + alignment[:, 2]
        return replace(patch, centre=centre, basis=alignment[:, :2] @ patch.basis)


def _floats(values: list[Any], *shape: int) -> Floats:
    """(n, *shape), also for no values."""
    return np.array(values, dtype=np.float32).reshape(-1, *shape)


def write(path: Path, album: Album) -> None:
    """Write the album atomically."""
    arrays = {field.name: getattr(album, field.name) for field in fields(Album) if field.name != "meta"}
    arrays["meta"] = json.dumps({"schema": SCHEMA, **asdict(album.meta)})
    archive.write(path, arrays)


def read(path: Path) -> Album:
    """The album in this file. Raises ValueError where it has another schema."""
    with np.load(path) as file:
        meta = json.loads(str(file["meta"]))
        if (schema := meta.pop("schema", None)) != SCHEMA:
            raise ValueError(f"{path}: schema {schema}, this version reads {SCHEMA}: make it again")
        arrays = {field.name: file[field.name] for field in fields(Album) if field.name != "meta"}
        return Album(Meta(**{**meta, "kind": Kind(meta["kind"])}), **arrays)


BOUNDS = (3.0, 6.0, 10.0, 15.0)  # degrees, between the table's columns of turns


def table(albums: Iterable[tuple[Path, Album]]) -> str:
    """Numbers of eyes and pairs by source: a line for each album, and one for the total of those that ship."""
    listed = list(albums)
    columns = [f"<{BOUNDS[0]:g}", *(f"{low:g}-{high:g}" for low, high in pairwise(BOUNDS)), f">{BOUNDS[-1]:g} deg"]
    head = ["album", "kind", "ships", "eyes", "width", "pairs", *columns, "up", "down", "right", "left", "licence"]
    rows = [head, *([path.stem, *_row([one]), one.meta.licence] for path, one in listed)]
    for ships in (True, False):
        some = [one for _, one in listed if one.meta.ships is ships]
        if len(some) > 1:
            rows.append(["all that ship" if ships else "all that stay", *_row(some), ""])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _row(albums: list[Album]) -> list[str]:
    """The table's cells from kind to left. Columns up to left: pairs that turn by at least 3 degrees that way."""
    kinds = sorted({one.meta.kind for one in albums})
    turns = np.concatenate([one.correction for one in albums])
    pitch, yaw = turns.T
    counts = [*np.bincount(np.digitize(np.hypot(pitch, yaw), BOUNDS), minlength=len(BOUNDS) + 1)]
    counts += [int((value >= BOUNDS[0]).sum()) for value in (pitch, -pitch, yaw, -yaw)]
    widths = np.concatenate([one.width for one in albums])
    width = f"{np.median(widths):.0f}" if widths.size else "-"
    ships = "yes" if albums[0].meta.ships else "no"
    return ["+".join(kinds), ships, f"{len(widths)}", width, f"{len(turns)}", *map(str, counts)]


def main(arguments: list[str]) -> str | None:
    """Print the table of all albums in these folders. Returns an error message where there are none."""
    parser = argparse.ArgumentParser(
        prog="models.datasets.real.album", description="numbers of eyes and pairs by source"
    )
    parser.add_argument("folders", type=Path, nargs="+", metavar="DIR")
    folders = parser.parse_args(arguments).folders
    paths = [path for folder in folders for path in sorted(folder.glob("*.npz"))]
    if not paths:
        return f"no album in {' '.join(map(str, folders))}"
    try:
        tqdm.write(table([(path, read(path)) for path in paths]))
    except ValueError as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
