"""A contact sheet of rendered scenes: a row for each scene, a column for each gaze.

    python -m models.datasets.synthetic.contact DIR --out sheet.jpg [--scenes N] [--gazes N] [--quality Q]

Pictures are shown at their stored size.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.synthetic import scenes

GAP = 4  # white pixels between pictures

Picture = NDArray[np.uint8]  # (h, w, 3)


def main(arguments: list[str]) -> str | None:
    """Write the sheet. Returns an error message, or None."""
    chosen = _parse(arguments)
    paths = sorted(chosen.folder.glob("*.npz"))[: chosen.scenes]
    if not paths:
        return f"{chosen.folder} holds no scenes"
    drawn = sheet([scenes.read(path).pictures[: chosen.gazes] for path in paths])
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(chosen.out), drawn[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, chosen.quality]):
        return f"{chosen.out} could not be written"
    return None


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="models.datasets.synthetic.contact", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("folder", type=Path, help="holds scenes")
    parser.add_argument("--out", type=Path, required=True, help="picture file")
    parser.add_argument("--scenes", type=int, default=10, help="rows at most")
    parser.add_argument("--gazes", type=int, default=5, help="columns at most")
    parser.add_argument("--quality", type=int, default=88, help="of a JPEG, to 100")
    return parser.parse_args(arguments)


def sheet(rows: Sequence[NDArray[np.uint8]]) -> Picture:
    """rows: (k, h, w, 3) each, of any size; missing parts at the right or below are white."""
    columns = max(len(row) for row in rows)
    width = max(row.shape[2] for row in rows)
    heights = [row.shape[1] for row in rows]
    page = np.full((sum(heights) + GAP * (len(rows) - 1), columns * (width + GAP) - GAP, 3), 255, dtype=np.uint8)
    top = 0
    for row, height in zip(rows, heights, strict=True):
        for column, picture in enumerate(row):
            left = column * (width + GAP)
            page[top : top + height, left : left + picture.shape[1]] = picture
        top += height + GAP
    return page


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
