"""Contact sheets: eyes before and after, side by side, for people to look at. Knows nothing of metrics."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np

from models.datasets.planes import Picture, to_rgb
from models.datasets.synthetic import scenes
from models.evaluation.clips.clips import fields_of
from models.evaluation.clips.films import Film
from models.evaluation.renders.stage import Stage
from models.evaluation.renders.synthetic import field_of
from models.evaluation.renders.trials import Trial
from models.evaluation.rows import Row
from relay.frame import Frame
from relay.gaze.face import Angles
from relay.gaze.geometry import Patch
from relay.gaze.warp import Placed, warp

WIDTH = 64  # pixels of a tile before it is enlarged; an eye is shown at its own size, up to this width
HEIGHT = 44
ENLARGED = 3
GAP = 4
CAPTION = 22
PAPER = 245


def rendered(trials: Sequence[Trial], rows: Sequence[Row]) -> Picture:
    """A line for each trial: source, every row's output, target."""
    lines = []
    for path, of_scene in groupby(trials, key=lambda one: one.scene):
        scene = scenes.read(path)
        for trial in of_scene:
            stage = Stage(trial, scene)
            lines.append([tile(frame, stage.patch) for frame in _frames(stage, rows)])
    return sheet(["source", *(row.name for row in rows), "target"], lines)


def _frames(stage: Stage, rows: Sequence[Row]) -> list[Frame]:
    fields = [field_of(row, stage, [stage.trial.aim])[0] for row in rows]
    made = [warp(stage.source, [Placed(stage.patch, field)]) for field in fields]
    return [stage.source, *made, stage.target]


def filmed(reel: Sequence[Film], rows: Sequence[Row], aim: Angles) -> Picture:
    """Two lines for each film, the right eye and later the left: the original, and every row's output at this aim."""
    lines = []
    for film in reel:
        for number, (frame, face) in enumerate(film.moments(2)):
            patch = Patch.of(face.eyes[number], frame.rotation)
            made = [warp(frame, fields_of(row, frame, face, aim)) for row in rows]
            lines.append([tile(one, patch) for one in (frame, *made)])
    return sheet(["original", *(row.name for row in rows)], lines)


def tile(frame: Frame, patch: Patch) -> Picture:
    """The eye and its surroundings, at the frame's own resolution, enlarged to 3:1; large eyes are downscaled first."""
    scale = max(1.0, patch.width * 1.5 / WIDTH)
    size = round(WIDTH * scale), round(HEIGHT * scale)
    left, top = (round(float(middle) - side / 2) for middle, side in zip(patch.centre, size, strict=True))
    part = _inside(to_rgb(_even(frame)), left, top, size)
    small = cv2.resize(part, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) if scale > 1 else part
    large = cv2.resize(small, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, dtype=np.uint8)


def sheet(titles: Sequence[str], lines: Sequence[Sequence[Picture]]) -> Picture:
    """Tiles of one size in lines, with a title above each column. lines: may be none."""
    height, width = ENLARGED * HEIGHT, ENLARGED * WIDTH
    across, down = width + GAP, height + GAP
    paper = np.full((CAPTION + down * len(lines), across * len(titles), 3), PAPER, np.uint8)
    for column, title in enumerate(titles):
        cv2.putText(
            paper,
            title,
            (column * across + 2, CAPTION - 7),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.45,
            (20, 20, 20),
            1,
            cv2.LINE_AA,
        )
    for number, line in enumerate(lines):
        for column, one in enumerate(line):
            top, left = CAPTION + number * down, column * across
            paper[top : top + height, left : left + width] = one
    return paper


def save(path: Path, picture: Picture) -> None:
    """As PNG. Raises OSError where it cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), np.ascontiguousarray(picture[..., ::-1])):
        raise OSError(f"{path} cannot be written")


def spread(trials: Sequence[Trial], count: int) -> list[Trial]:
    """At most count of them, evenly spaced."""
    return [trials[int(index)] for index in np.linspace(0, len(trials) - 1, min(count, len(trials)))]


def _inside(rgb: Picture, left: int, top: int, size: tuple[int, int]) -> Picture:
    """A rectangle; outside the image its border is repeated."""
    columns = np.clip(np.arange(left, left + size[0]), 0, rgb.shape[1] - 1)
    rows = np.clip(np.arange(top, top + size[1]), 0, rgb.shape[0] - 1)
    return rgb[np.ix_(rows, columns)]


def _even(frame: Frame) -> Frame:
    """Without an odd last row or column."""
    height, width = frame.height // 2 * 2, frame.width // 2 * 2
    u, v = (plane[: height // 2, : width // 2] for plane in (frame.u, frame.v))
    return Frame(frame.y[:height, :width], u, v, frame.time, frame.rotation)
