"""Real pairs from folders with gaze labels.

    python -m models.datasets.real.readers columbia    --out DIR [--ships] [--licence TEXT] FOLDER...
    python -m models.datasets.real.readers calibration --out DIR [--ships] [--licence TEXT] FOLDER...

columbia: pictures named as in Columbia's gaze data set (Smith et al. 2013; non-commercial use only), anywhere below
the folder: 0001_2m_-15P_10V_-5H.jpg is subject, distance, head pose, vertical and horizontal gaze, degrees. One album
for each subject; pairs within one head pose. Its documentation does not define the angles' signs, and users disagree
about the vertical one: so each subject's own irises decide.

calibration: recordings of Eyeline's own two-look calibration. The folder holds one video and calibration.json

    {"person": "ada", "video": "looks.mp4", "points": [{"time": 2.0, "pitch": 0, "yaw": 0},
                                                       {"time": 6.5, "pitch": -12, "yaw": 3}]}

or pictures instead of the video, {"image": "lens.jpg", "pitch": 0, "yaw": 0}. pitch and yaw are the person's gaze
relative to the line from the eyes to the lens, as in relay/gaze/spec.py: the lens itself is 0, 0, and the other
person's face is the negative of the offset that the page shows. time is the click, seconds from the start; frames from
SETTLE to SETTLE + DURATION after it are used, as in relay/gaze/calibration.py. One album for each folder.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from models.datasets.real import album
from models.datasets.real.album import Album, Kind, Meta, Pair, table
from models.datasets.real.observations import (
    MODEL,
    OPEN,
    UNREADABLE,
    Look,
    looks_of_photograph,
    looks_of_video,
    read_photograph,
)
from models.datasets.real.pairs import balanced, build_album, candidates, pair_of, register_skin
from relay.gaze.face import Angles

SETTLE, DURATION = 0.3, 1.0  # seconds
MOST_PAIRS = 240  # of one album
NAME = re.compile(r"(?P<subject>\w+?)_[\d.]+m_(?P<head>-?\d+)P_(?P<pitch>-?\d+)V_(?P<yaw>-?\d+)H\.(jpe?g|png)", re.I)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Labelled:
    """A look, and where it was directed (camera frame). Pairs are made within one group only."""

    look: Look
    gaze: Angles
    group: str


@dataclass(frozen=True)
class Named:
    """The labels in a picture's name."""

    path: Path
    subject: str
    head: str
    gaze: Angles


def columbia(folder: Path) -> dict[str, list[Named]]:
    """The pictures below a folder with Columbia's names, by subject. Raises OSError where there are none."""
    found: dict[str, list[Named]] = {}
    for path in sorted(folder.rglob("*_*P_*V_*H.*")):
        if match := NAME.fullmatch(path.name):
            gaze = Angles(float(match["pitch"]), float(match["yaw"]))
            found.setdefault(match["subject"], []).append(Named(path, match["subject"], match["head"], gaze))
    if not found:
        raise FileNotFoundError(f"{folder} has no picture named like 0001_2m_0P_10V_-5H.jpg")
    return found


def labelled_pictures(pictures: list[Named], model: Path = MODEL) -> Iterator[Labelled]:
    """One look for each picture with exactly one face. Raises one of UNREADABLE."""
    for one in pictures:
        looks = looks_of_photograph(read_photograph(one.path), model)
        if len(looks) == 1:
            yield Labelled(looks[0], one.gaze, one.head)


@dataclass(frozen=True)
class Recording:
    """The content of calibration.json. points: for each the picture or the time, and the gaze."""

    person: str
    video: Path | None
    points: list[tuple[Path | float, Angles]]


def recording(folder: Path) -> Recording:
    """The recording in this folder. Raises OSError, and ValueError naming the error in calibration.json."""
    path = folder / "calibration.json"
    content = json.loads(path.read_text())
    video = content.get("video")
    try:
        points = [(_place(folder, video, point), Angles(*_gaze(point))) for point in content["points"]]
    except KeyError as error:
        raise ValueError(f"{path}: {error} is missing") from error
    return Recording(str(content.get("person", folder.name)), video and folder / video, points)


def _place(folder: Path, video: str | None, point: dict[str, float | str]) -> Path | float:
    return float(point["time"]) if video else folder / str(point["image"])


def _gaze(point: dict[str, float | str]) -> tuple[float, float]:
    return float(point["pitch"]), float(point["yaw"])


def labelled_recording(taken: Recording, model: Path = MODEL) -> Iterator[Labelled]:
    """The looks of a recording. Raises one of UNREADABLE."""
    if taken.video is None:
        for place, gaze in taken.points:
            for look in looks_of_photograph(read_photograph(Path(str(place))), model):
                yield Labelled(look, gaze, "")
        return
    begins = [(float(str(place)) + SETTLE, gaze) for place, gaze in taken.points]
    for look in looks_of_video(taken.video, model=model):
        for begin, gaze in begins:
            if begin <= look.right.time < begin + DURATION:
                yield Labelled(look, gaze, "")


def album_of(labelled: list[Labelled], meta: Meta, signs: Floats | None = None, seed: int = 0) -> Album:
    """The album of these looks. signs: (2,) of pitch and yaw in the labels; None: the irises decide."""
    usable = [one for one in labelled if one.look.openness >= OPEN]
    found = list(_measured_pairs(usable, seed))
    if signs is None:
        signs = _signs(found)
    measured = [(first, second, _labelled(both, turn * signs)) for first, second, both, turn in found]
    return build_album([one.look for one in usable], measured, list(range(len(usable))), meta)


MeasuredPair = tuple[
    int, int, tuple[Pair, Pair], Floats
]  # indices of two looks, their pairs measured from the irises, the labels' turn


def _measured_pairs(usable: list[Labelled], seed: int) -> Iterator[MeasuredPair]:
    gazes = np.array([(one.gaze.pitch, one.gaze.yaw) for one in usable]).reshape(-1, 2)
    groups = np.array([f"{one.group}/{one.look.right.number}" for one in usable])
    count = 0
    for first, second in balanced(candidates([one.look for one in usable], gazes, groups), seed).tolist():
        looks = usable[first].look, usable[second].look
        if count < MOST_PAIRS // 2 and (registered := register_skin(*looks)):
            right, left = (pair_of(*eyes) for eyes in zip(looks[0].eyes, looks[1].eyes, registered, strict=True))
            yield first, second, (right, left), gazes[second] - gazes[first]
            count += 1


def _signs(found: list[MeasuredPair]) -> Floats:
    """(2,) 1 where the labels' pitch, yaw have our sign, -1 where the opposite, by comparison with the irises."""
    seen = np.array([[(eye.correction.pitch, eye.correction.yaw) for eye in both] for _, _, both, _ in found])
    said = np.array([turn for *_, turn in found])
    together = (seen.reshape(-1, 2, 2).mean(1) * said.reshape(-1, 2)).sum(0)
    return np.where(together < 0, -1.0, 1.0)


def _labelled(both: tuple[Pair, Pair], turn: Floats) -> tuple[Pair, Pair]:
    right, left = (replace(pair, correction=Angles(*(float(angle) for angle in turn))) for pair in both)
    return right, left


def main(arguments: list[str]) -> str | None:
    """Make the missing albums. Returns an error message where a folder cannot be read."""
    chosen = _parse(arguments)
    made: list[tuple[Path, Album]] = []
    try:
        for folder in chosen.folders:
            for path, new in (_columbia if chosen.kind == Kind.COLUMBIA else _calibration)(folder, chosen):
                album.write(path, new)
                made.append((path, new))
    except (*UNREADABLE, ValueError) as error:
        return str(error)
    tqdm.write(table(made))
    return None


def _columbia(folder: Path, chosen: argparse.Namespace) -> Iterator[tuple[Path, Album]]:
    for subject, pictures in tqdm(columbia(folder).items(), unit="subject"):
        meta = Meta(folder.name, f"columbia_{subject}", Kind.COLUMBIA, chosen.ships, chosen.licence)
        yield chosen.out / f"{meta.person}.npz", album_of(list(labelled_pictures(pictures, chosen.model)), meta)


def _calibration(folder: Path, chosen: argparse.Namespace) -> Iterator[tuple[Path, Album]]:
    taken = recording(folder)
    meta = Meta(folder.name, taken.person, Kind.CALIBRATION, chosen.ships, chosen.licence)
    yield (
        chosen.out / f"{folder.resolve().name}.npz",
        album_of(list(labelled_recording(taken, chosen.model)), meta, np.ones(2)),
    )


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="models.datasets.real.readers", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("kind", choices=[Kind.COLUMBIA, Kind.CALIBRATION])
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--out", type=Path, required=True, help="folder for the albums")
    parser.add_argument("--ships", action="store_true", help="weights trained with this may be published")
    parser.add_argument("--licence", default="not stated", help="what allows its use, as text")
    parser.add_argument("--model", type=Path, default=MODEL, help="face_landmarker.task")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
